import type { BundledAnswer, BundleOver } from './bundle-content';
import type { QueueEvent } from './event-reader';
import { isRecord, isText, parsed } from './parsed';
import type { Bundle, RawAnswer, WaitingJob } from './waiting-job';

export interface BundlesParts {
  readonly jobs: ReadonlyMap<string, WaitingJob>;
  /** What became of jobs of a bundle, by where a worker has left that; undefined when it is not there any more. */
  readonly answersIn: (place: string) => Promise<readonly BundledAnswer[] | undefined>;
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
        this.#over(bundle, event);
        return;
      case 'failed':
        // Each of its jobs may be whole: they come again one by one.
        if (isUnreadable(event.text)) this.#each(bundle, this.#parts.lost);
        else this.#each(bundle, (job) => this.#parts.tell(job, event));
        return;
      case 'removed':
        if (!bundle.takenBack) this.#each(bundle, this.#parts.lost);
        return;
      case 'progress':
        this.#said(bundle, event);
        return;
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

  #said(bundle: Bundle, event: QueueEvent): void {
    const said = parsed(event.text);
    // Something else than a worker of ours may have said anything.
    if (!isRecord(said)) return;
    const { answers, of } = said;
    if (isText(answers)) {
      void this.#answered(bundle, said as unknown as BundleOver);
      return;
    }
    const job = isText(of) ? this.#parts.jobs.get(of) : undefined;
    if (job?.bundle === bundle) this.#parts.tell(job, { ...event, text: JSON.stringify(said['said']) });
  }

  #over(bundle: Bundle, event: QueueEvent): void {
    const over = placeIn(event.text);
    if (over) {
      bundle.isOver = true;
      void this.#answered(bundle, over);
    }
    // Not by a worker of ours: each job finds that out by itself.
    else this.#each(bundle, (job) => this.#parts.tell(job, event));
  }

  /** Those of its jobs that have ended have an answer there; the others, but for the one that still runs, were not begun. */
  async #answered(bundle: Bundle, { answers: place, running }: BundleOver): Promise<void> {
    const { jobs, answersIn, answered, failed, notBegun, lost } = this.#parts;
    try {
      const answers = await answersIn(place);
      for (const { id, isFailed, sealed } of answers ?? []) {
        const job = jobs.get(id);
        // It may be another attempt by now.
        if (job?.bundle === bundle) answered(job, { isFailed, of: id, content: sealed });
      }
      if (running === undefined) this.#each(bundle, answers ? notBegun : lost);
      else if (answers) this.#each(bundle, (job) => job.id !== running && notBegun(job));
    } catch (error) {
      this.#each(bundle, (job) => failed(job, error));
    }
  }

  #each(bundle: Bundle, act: (job: WaitingJob) => unknown): void {
    for (const job of [...bundle.jobs]) act(job);
  }
}

/** Where the answers are, in what a worker completed a bundle with; undefined when it is something else. */
function placeIn(text: string): BundleOver | undefined {
  const json = jsonIn(text);
  return typeof json?.['answers'] === 'string' ? (json as unknown as BundleOver) : undefined;
}

/** Whether a worker failed a bundle since it could not read it. */
function isUnreadable(text: string): boolean {
  return jsonIn(text)?.['isUnreadable'] === true;
}

function jsonIn(text: string): Readonly<Record<string, unknown>> | undefined {
  const sealed = parsed(text);
  return isRecord(sealed) && isRecord(sealed['json']) ? sealed['json'] : undefined;
}
