import { jsonText } from '../../base/json-text';
import { Bundle, type WaitingJob } from './waiting-job';

/** How long a bundle is to keep a worker busy at most, in milliseconds: what others could do of it meanwhile is little. */
const takesAtMost = 20;
/** So many jobs of a task have to be over before what it takes is known. */
const enough = 8;
/** What the latest job counts for in the mean: some fifty later ones, one that took long is forgotten. */
const weight = 0.1;

interface Taken {
  mean: number;
  count: number;
}

/** Finds out which tasks are so short that several of them are to go to Redis as one job. */
export class Bundler {
  readonly #most: number;
  readonly #taken = new Map<string, Taken>();

  /** @param most how many go as one at most */
  constructor(most: number) {
    this.#most = most;
  }

  /** A job of this task took a worker so many milliseconds. */
  note(task: string, milliseconds: number): void {
    if (!Number.isFinite(milliseconds)) return;
    const taken = this.#taken.get(task);
    if (!taken) {
      this.#taken.set(task, { mean: milliseconds, count: 1 });
      return;
    }
    taken.count++;
    taken.mean += (milliseconds - taken.mean) * Math.max(weight, 1 / taken.count);
  }

  /** What goes to Redis for these jobs: they themselves, or bundles of them. */
  pack(jobs: readonly WaitingJob[]): readonly (WaitingJob | Bundle)[] {
    const alone: (WaitingJob | Bundle)[] = [];
    const alike = new Map<string, WaitingJob[]>();
    for (const job of jobs) {
      const { task, version, run, isSaved } = job.data;
      if (!job.mayBundle || this.#sizeFor(task) < 2) {
        alone.push(job);
        continue;
      }
      const kind = jsonText([task, version, run, isSaved]);
      const others = alike.get(kind);
      if (others) others.push(job);
      else alike.set(kind, [job]);
    }
    return [...alone, ...[...alike.values()].flatMap((group) => this.#bundles(group))];
  }

  /** Of one size, as nearly as can be. */
  #bundles(jobs: readonly WaitingJob[]): (WaitingJob | Bundle)[] {
    const count = Math.ceil(jobs.length / this.#sizeFor(jobs[0]!.data.task));
    const bundles: (WaitingJob | Bundle)[] = [];
    for (let i = 0; i < count; i++) {
      const some = jobs.slice((i * jobs.length) / count, ((i + 1) * jobs.length) / count);
      bundles.push(some.length === 1 ? some[0]! : new Bundle(some));
    }
    return bundles;
  }

  #sizeFor(task: string): number {
    const taken = this.#taken.get(task);
    if (!taken || taken.count < enough) return 1;
    return Math.min(this.#most, Math.floor(takesAtMost / taken.mean));
  }
}
