import { randomUUID } from 'node:crypto';
import type { Sealed } from './envelope';
import type { JobData } from './job-content';
import type { WaitingJob } from './waiting-job';

type Common = Pick<JobData, 'task' | 'version' | 'run' | 'isSaved'>;

/** One of the jobs of a bundle: what differs between them. */
export type BundledJob = Sealed & { readonly id: string; readonly key?: string | undefined };

/** Several jobs of one task, as BullMQ keeps them: as one. */
export type BundleData = Common & { readonly jobs: readonly BundledJob[] };

/** What became of one of them. Those of which nothing is said were not begun. */
export interface BundledAnswer {
  readonly id: string;
  readonly isFailed: boolean;
  readonly sealed: Sealed;
}

/** What one of them said. */
export interface BundledSaid {
  /** Its id. */
  readonly of: string;
  readonly said: Sealed;
}

export function isBundle(data: JobData | BundleData): data is BundleData {
  return 'jobs' in data;
}

/** Several jobs that wait, and go to Redis as one: of one task and one run, which all are kept or all are not. */
export class Bundle {
  readonly id = `bundle.${randomUUID()}`;
  /** Those that still wait for its answer. */
  readonly jobs: Set<WaitingJob>;
  /** Whether it is over, and what it came to is on its way. */
  isOver = false;
  /** While it is being taken back: whether that could be done. */
  takenBack: Promise<boolean> | undefined;

  constructor(jobs: readonly WaitingJob[]) {
    this.jobs = new Set(jobs);
    for (const job of jobs) job.bundle = this;
  }

  get data(): BundleData {
    const jobs: BundledJob[] = [];
    let common!: Common;
    for (const { id, data } of this.jobs) {
      const { task, version, run, isSaved, ...own } = data;
      common = { task, version, run, isSaved };
      jobs.push({ id, ...own });
    }
    return { ...common, jobs };
  }
}
