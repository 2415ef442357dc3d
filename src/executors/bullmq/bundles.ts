import type { BundledAnswer, BundledSaid } from './bundle-content';
import type { QueueEvent } from './event-reader';
import type { Bundle, RawAnswer, WaitingJob } from './waiting-job';

export interface BundlesParts {
  readonly jobs: ReadonlyMap<string, WaitingJob>;
  /** What became of the jobs of a bundle; undefined when Redis does not know it any more. */
  readonly answersOf: (id: string) => Promise<readonly BundledAnswer[] | undefined>;
  readonly remove: (id: string) => Promise<number>;
  /** Something happened to a job. */
  readonly tell: (job: WaitingJob, event: QueueEvent) => void;
  readonly answered: (job: WaitingJob, answer: RawAnswer) => void;
  readonly failed: (job: WaitingJob, error: unknown) => void;
  /** A job is not in Redis, and nobody has begun it. */
  readonly notBegun: (job: WaitingJob) => void;
  /** A job is not in Redis, and there is no answer. */
  readonly lost: (job: WaitingJob) => void;
}

/** The bundles of a queue that are in Redis: what happens to one happens to its jobs. */
export class Bundles {
  readonly #parts: BundlesParts;
  readonly #all = new Map<string, Bundle>();

  constructor(parts: BundlesParts) {
    this.#parts = parts;
  }

  /** It is on its way to Redis. */
  add(bundle: Bundle): void {
    this.#all.set(bundle.id, bundle);
  }

  take(event: QueueEvent): void {
    const bundle = this.#all.get(event.jobId);
    if (!bundle) return;
    switch (event.type) {
      case 'completed':
        void this.#answered(bundle);
        return;
      case 'removed':
        if (!bundle.takenBack) this.#each(bundle, this.#parts.lost);
        return;
      case 'progress': {
        const { of, said } = JSON.parse(event.text) as BundledSaid;
        const job = this.#parts.jobs.get(of);
        if (job) this.#parts.tell(job, { ...event, text: JSON.stringify(said) });
        return;
      }
      default:
        this.#each(bundle, (job) => this.#parts.tell(job, event));
    }
  }

  /** A job has nothing to do with its bundle any more. */
  release(job: WaitingJob): void {
    const { bundle } = job;
    if (!bundle) return;
    job.bundle = undefined;
    bundle.jobs.delete(job);
    if (bundle.jobs.size === 0) this.#all.delete(bundle.id);
  }

  /** Takes a bundle back that no worker has begun, since some of its jobs are not wanted; the others are added again. */
  takeBack(bundle: Bundle): Promise<boolean> {
    bundle.takenBack ??= this.#takeBack(bundle);
    return bundle.takenBack;
  }

  async #takeBack(bundle: Bundle): Promise<boolean> {
    const removed = await this.#parts.remove(bundle.id).catch(() => 0);
    if (removed === 0) {
      bundle.takenBack = undefined;
      return false;
    }
    // Whoever does not want a job any more lets go of it first.
    setImmediate(() => this.#each(bundle, this.#parts.notBegun));
    return true;
  }

  async #answered(bundle: Bundle): Promise<void> {
    const { jobs, answersOf, answered, failed, notBegun, lost } = this.#parts;
    bundle.isOver = true;
    try {
      const answers = await answersOf(bundle.id);
      for (const { id, isFailed, sealed } of answers ?? []) {
        const job = jobs.get(id);
        if (job) answered(job, { isFailed, content: sealed });
      }
      this.#each(bundle, answers ? notBegun : lost);
    } catch (error) {
      this.#each(bundle, (job) => failed(job, error));
    }
  }

  #each(bundle: Bundle, act: (job: WaitingJob) => void): void {
    for (const job of [...bundle.jobs]) act(job);
  }
}
