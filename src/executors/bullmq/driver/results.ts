import { findSerialization } from '../../../encoding/serialization/find-serialization';
import { restoreRefs } from '../../../graph/stored-ref';
import { WorkerLostError } from '../../errors';
import type { Job } from '../../executor';
import type { EncodedInput } from '../../remote/encoded-inputs';
import type { SentBytes } from '../../remote/messages';
import { StoredResult } from '../../remote/stored-result';
import type { JobAnswer } from '../protocol/job-data';
import { QueueError } from '../queue-error';

type StoredAnswer = Extract<JobAnswer, { type: 'stored' }>;

/** The handle of a result in the storage. @param remove removes a temporary entry */
export function toStoredResult(job: Job, answer: StoredAnswer, remove: () => void): StoredResult {
  const { holdsRefs, inline } = answer;
  const fetch = async () => {
    const value = inline ? await decodeInline(job, inline, answer) : await readStored(job, answer);
    return holdsRefs ? restoreRefs(value, { paramsOf: () => job.node.params }) : value;
  };
  return new StoredResult({ ...answer, fetch, remove });
}

/** A stored result that came along as well, as tasks that require it get it. */
export function inlineInput({ node, shared }: Job, { inline, bytes }: StoredAnswer): EncodedInput | undefined {
  if (!inline) return undefined;
  const { serializer, format, at } = inline;
  const { encoder } = node.task.options;
  return {
    serializer,
    format,
    bytes: bytes[at]!,
    encodedBy: encoder && node.task.name,
    isFrozen: shared?.freezes ?? true,
  };
}

async function decodeInline(
  { node }: Job,
  { serializer, format, at }: SentBytes,
  { bytes }: StoredAnswer,
): Promise<unknown> {
  const { encoder } = node.task.options;
  return findSerialization(serializer, format, encoder ? [encoder] : []).deserialize(bytes[at]!, format);
}

async function readStored({ node, shared }: Job, { key, digest, worker }: StoredAnswer): Promise<unknown> {
  const { layers } = shared!;
  const { encoder } = node.task.options;
  for (const from of layers.reads) {
    const checkpoint = await from.store.find(key, encoder);
    if (checkpoint?.digest === digest) return layers.load({ from, checkpoint }, encoder);
  }
  throw new QueueError(
    `the result of ${node} is not in ${layers.location}, where its worker ${worker} left it (${key}): it was removed meanwhile, or the worker has another storage; give runner and workers the same one`,
  );
}

/** The workers that ran a task were lost. */
export function lostError({ times, lockDuration, workers }: Extract<JobAnswer, { type: 'lost' }>): WorkerLostError {
  const who = workers.length === 0 ? '' : ` (${workers.join(', ')})`;
  return new WorkerLostError(`the workers that ran it were lost${who}, ${times} times in a row`, {
    how: `they ended, or did not renew their locks for ${lockDuration / 1000} s`,
  });
}

/** A worker has another storage. */
export function notSharedError(
  { shared, node }: Job,
  { keys, worker, location }: Extract<JobAnswer, { type: 'missing' }>,
): QueueError {
  return new QueueError(
    `the worker ${worker} does not find what ${node} requires (${keys.join(', ')}) in its storage, ${location}; the runner has it in ${shared?.layers.location}. Give runner and workers the same storage`,
    { mayRetry: false },
  );
}

/** A worker has saved something else than what it was asked for. */
export function otherKeyError(
  { shared, node }: Job,
  { key, worker }: Extract<JobAnswer, { type: 'stored' }>,
): QueueError {
  return new QueueError(
    `the worker ${worker} answers with the result ${key} in place of ${shared?.facts?.key ?? `that of ${node}, which is not saved`}. Use one version of tidemark for runner and workers`,
    { mayRetry: false },
  );
}
