import { jsonText } from '../../../base/json-text';
import { JobBatch, type PendingJob } from './pending-job';

/** How long a batch is to keep a worker busy at most, in milliseconds: what others could do of it meanwhile is little. */
const maxBatchDuration = 20;
/** So many jobs of a task have to be over before what it takes is known. */
const minSamples = 8;
/** Weight of the latest duration in the mean: a slow job is forgotten after about fifty others. */
const sampleWeight = 0.1;

interface MeanDuration {
  mean: number;
  count: number;
}

/** Finds out which tasks are so short that several of them are to go to Redis as one job. */
export class Batcher {
  readonly #most: number;
  readonly #durations = new Map<string, MeanDuration>();

  /** @param most how many go as one at most */
  constructor(most: number) {
    this.#most = most;
  }

  /** A job of this task took a worker so many milliseconds. */
  record(task: string, milliseconds: number): void {
    if (!Number.isFinite(milliseconds)) return;
    const taken = this.#durations.get(task);
    if (!taken) {
      this.#durations.set(task, { mean: milliseconds, count: 1 });
      return;
    }
    taken.count++;
    taken.mean += (milliseconds - taken.mean) * Math.max(sampleWeight, 1 / taken.count);
  }

  /** Groups jobs into batches; the others stay single. */
  pack(jobs: readonly PendingJob[]): readonly (PendingJob | JobBatch)[] {
    const alone: (PendingJob | JobBatch)[] = [];
    const alike = new Map<string, PendingJob[]>();
    for (const job of jobs) {
      const { task, version, run, isSaved } = job.data;
      if (!job.mayBatch || this.#sizeFor(task) < 2) {
        alone.push(job);
        continue;
      }
      const kind = jsonText([task, version, run, isSaved]);
      const others = alike.get(kind);
      if (others) others.push(job);
      else alike.set(kind, [job]);
    }
    return [...alone, ...[...alike.values()].flatMap((group) => this.#batches(group))];
  }

  /** Of one size, as nearly as can be. */
  #batches(jobs: readonly PendingJob[]): (PendingJob | JobBatch)[] {
    const count = Math.ceil(jobs.length / this.#sizeFor(jobs[0]!.data.task));
    const bundles: (PendingJob | JobBatch)[] = [];
    for (let i = 0; i < count; i++) {
      const some = jobs.slice((i * jobs.length) / count, ((i + 1) * jobs.length) / count);
      bundles.push(some.length === 1 ? some[0]! : new JobBatch(some));
    }
    return bundles;
  }

  #sizeFor(task: string): number {
    const taken = this.#durations.get(task);
    if (!taken || taken.count < minSamples) return 1;
    return Math.min(this.#most, Math.floor(maxBatchDuration / taken.mean));
  }
}
