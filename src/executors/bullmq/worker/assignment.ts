import type { BundledJob } from '../bundle-content';
import type { Sealed } from '../envelope';
import type { JobData } from '../job-content';
import type { Taken } from './worker-queue';

/** A task to run: a job that was taken, or one of the bundle that was. */
export interface Assignment {
  readonly id: string;
  /** What is to be run with what. */
  readonly sealed: Sealed;
  /** For which run. */
  readonly run: string | undefined;
  /** Whether a worker that had it was lost. */
  readonly wasLost: boolean;
  /** Passes on what the task says. */
  tell(said: Sealed): Promise<void>;
}

export function assignmentOf(taken: Taken): Assignment {
  const { queue, job, id } = taken;
  const data = job.data as JobData;
  return { id, sealed: data, run: data.run, wasLost: job.stalledCounter > 0, tell: (said) => queue.tell(taken, said) };
}

export function assignmentInBundle(taken: Taken, bundled: BundledJob): Assignment {
  const { queue, job } = taken;
  const { id } = bundled;
  const tell = (said: Sealed) => queue.tell(taken, { of: id, said });
  return { id, sealed: bundled, run: job.data.run, wasLost: false, tell };
}
