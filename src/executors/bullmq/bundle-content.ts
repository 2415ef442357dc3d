import type { Sealed } from './envelope';
import type { JobData } from './job-content';

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
