import type { Sealed } from './envelope';
import type { JobHead } from './job-content';

type Common = Omit<JobHead, 'key'>;

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

/** What a worker says of a bundle while it has it. */
export type BundleSaid =
  /** What one of the tasks said, by the id of its job. */
  | { readonly of: string; readonly said: Sealed }
  /** One takes long: nothing else of the bundle will be begun. Those that are over have their answers there already. */
  | BundleOver;

/** What a worker says of a bundle that is over, or as good as over. */
export interface BundleOver {
  /** Where the answers are. */
  readonly answers: string;
  /** The id of the job that still runs. */
  readonly running?: string | undefined;
}

export function isBundle(data: JobHead | BundleData): data is BundleData {
  return 'jobs' in data;
}
