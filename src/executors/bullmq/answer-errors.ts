import type { Job } from '../executor';
import { WorkerLostError } from '../pool/worker-lost-error';
import type { JobAnswer } from './job-content';
import { QueueError } from './queue-error';

/** The workers that ran a task were lost. */
export function lost({ times, lockDuration, workers }: Extract<JobAnswer, { type: 'lost' }>): WorkerLostError {
  const who = workers.length === 0 ? '' : ` (${workers.join(', ')})`;
  return new WorkerLostError(`the workers that ran it were lost${who}, ${times} times in a row`, {
    how: `they ended, or did not show for ${lockDuration / 1000} s that they are alive`,
  });
}

/** A worker has another storage. */
export function notShared(
  { shared, node }: Job,
  { keys, worker, location }: Extract<JobAnswer, { type: 'missing' }>,
): QueueError {
  return new QueueError(
    `the worker ${worker} does not find what ${node} requires (${keys.join(', ')}) in its storage, ${location}; the runner has it in ${shared?.layers.location}. Give runner and workers the same storage`,
    { mayRetry: false },
  );
}

/** A worker has saved something else than what it was asked for. */
export function ofOtherKey({ shared, node }: Job, { key, worker }: Extract<JobAnswer, { type: 'stored' }>): QueueError {
  return new QueueError(
    `the worker ${worker} answers with the result ${key} in place of ${shared?.facts?.key ?? `that of ${node}, which is not saved`}. Use one version of tidemark for runner and workers`,
    { mayRetry: false },
  );
}
