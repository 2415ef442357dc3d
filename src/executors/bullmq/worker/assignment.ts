import type { BundleData, BundledJob } from '../bundle-content';
import type { Place, Sealed } from '../envelope';
import { type JobData, jobPlace } from '../job-content';
import type { Taken } from './worker-queue';

/** A task to run: a job that was taken, or one of the bundle that was. */
export interface Assignment {
  readonly id: string;
  /** As tasks name it. */
  readonly queue: string;
  /** What is to be run with what. */
  readonly sealed: Sealed;
  /** Where that belongs. */
  readonly place: Place;
  /** Of the result, as is said in clear. */
  readonly key: string | undefined;
  /** For which run. */
  readonly run: string | undefined;
  /** Whether a worker that had it was lost. */
  readonly wasLost: boolean;
  /** Passes on what the task says. */
  tell(said: Sealed): Promise<void>;
}

export function assignmentOf(taken: Taken): Assignment {
  const { queue, job, id } = taken;
  const data = taken.data as JobData;
  return {
    id,
    queue: queue.name,
    sealed: data,
    place: jobPlace(queue.name, id, data),
    key: data.key,
    run: data.run,
    wasLost: job.stalledCounter > 0,
    tell: (said) => queue.tell(taken, said),
  };
}

export function assignmentInBundle(taken: Taken, bundled: BundledJob): Assignment {
  const { queue } = taken;
  const { id, key } = bundled;
  const { task, version, run, isSaved } = taken.data as BundleData;
  return {
    id,
    queue: queue.name,
    sealed: bundled,
    place: jobPlace(queue.name, id, { task, version, run, isSaved, key }),
    key,
    run,
    wasLost: false,
    tell: (said) => queue.tell(taken, { of: id, said }),
  };
}
