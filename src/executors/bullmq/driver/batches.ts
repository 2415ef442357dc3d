import type { BatchedAnswer, BatchOutcome } from '../protocol/job-data';
import { isRecord, isText, parseJson } from '../protocol/json';
import type { QueueEvent } from './event-reader';
import type { JobBatch, PendingJob, RawAnswer } from './pending-job';

export interface BatchesInFlightParts {
  readonly jobs: ReadonlyMap<string, PendingJob>;
  /** Reads the answers of a batch from the key that a worker named; undefined when they have expired. */
  readonly readAnswers: (place: string) => Promise<readonly BatchedAnswer[] | undefined>;
  readonly remove: (id: string) => Promise<number>;
  /** Something happened to a job. */
  readonly onEvent: (job: PendingJob, event: QueueEvent) => void;
  readonly onAnswered: (job: PendingJob, answer: RawAnswer) => void;
  readonly onFailed: (job: PendingJob, error: unknown) => void;
  /** A job is no longer in Redis, and no worker has started it. */
  readonly onNotStarted: (job: PendingJob) => void;
  /** A job is no longer in Redis, and has no answer. */
  readonly onLost: (job: PendingJob) => void;
}

/** The batches of a queue that are in Redis. Events of a batch are passed to its jobs. */
export class BatchesInFlight {
  readonly #parts: BatchesInFlightParts;
  readonly #all = new Map<string, JobBatch>();

  constructor(parts: BatchesInFlightParts) {
    this.#parts = parts;
  }

  /** It is on its way to Redis. */
  add(bundle: JobBatch): void {
    this.#all.set(bundle.id, bundle);
  }

  handle(event: QueueEvent): void {
    const bundle = this.#all.get(event.jobId);
    if (!bundle) return;
    switch (event.type) {
      case 'completed':
        this.#onCompleted(bundle, event);
        return;
      case 'failed':
        // Each of its jobs may be whole: they come again one by one.
        if (isUnreadable(event.text)) this.#forEach(bundle, this.#parts.onLost);
        else this.#forEach(bundle, (job) => this.#parts.onEvent(job, event));
        return;
      case 'removed':
        if (!bundle.removing) this.#forEach(bundle, this.#parts.onLost);
        return;
      case 'progress':
        this.#onProgress(bundle, event);
        return;
      default:
        this.#forEach(bundle, (job) => this.#parts.onEvent(job, event));
    }
  }

  /** A job has nothing to do with its batch any more. */
  release(job: PendingJob): void {
    const { batch } = job;
    if (!batch) return;
    job.batch = undefined;
    batch.jobs.delete(job);
    if (batch.jobs.size === 0) this.#all.delete(batch.id);
  }

  /** Takes a batch back that no worker has begun, since some of its jobs are not wanted; the others are added again. */
  cancelIfQueued(bundle: JobBatch): Promise<boolean> {
    bundle.removing ??= this.#removeQueued(bundle);
    return bundle.removing;
  }

  async #removeQueued(bundle: JobBatch): Promise<boolean> {
    const removed = await this.#parts.remove(bundle.id).catch(() => 0);
    if (removed === 0) {
      bundle.removing = undefined;
      return false;
    }
    // Observers that cancel release their job first.
    setImmediate(() => this.#forEach(bundle, this.#parts.onNotStarted));
    return true;
  }

  #onProgress(bundle: JobBatch, event: QueueEvent): void {
    const said = parseJson(event.text);
    // Programs other than Tidemark's workers may write to the stream.
    if (!isRecord(said)) return;
    const { answers, of } = said;
    if (isText(answers)) {
      void this.#deliverAnswers(bundle, said as unknown as BatchOutcome);
      return;
    }
    const job = isText(of) ? this.#parts.jobs.get(of) : undefined;
    if (job?.batch === bundle) this.#parts.onEvent(job, { ...event, text: JSON.stringify(said['said']) });
  }

  #onCompleted(bundle: JobBatch, event: QueueEvent): void {
    const over = outcomeIn(event.text);
    if (over) {
      bundle.isOver = true;
      void this.#deliverAnswers(bundle, over);
    }
    // Not by a worker of ours: each job finds that out by itself.
    else this.#forEach(bundle, (job) => this.#parts.onEvent(job, event));
  }

  /** Those of its jobs that have ended have an answer there; the others, but for the one that still runs, were not begun. */
  async #deliverAnswers(bundle: JobBatch, { answers: place, running }: BatchOutcome): Promise<void> {
    const { jobs, readAnswers, onAnswered, onFailed, onNotStarted, onLost } = this.#parts;
    try {
      const answers = await readAnswers(place);
      for (const { id, isFailed, sealed } of answers ?? []) {
        const job = jobs.get(id);
        // It may be another attempt by now.
        if (job?.batch === bundle) onAnswered(job, { isFailed, id: id, content: sealed });
      }
      if (running === undefined) this.#forEach(bundle, answers ? onNotStarted : onLost);
      else if (answers) this.#forEach(bundle, (job) => job.id !== running && onNotStarted(job));
    } catch (error) {
      this.#forEach(bundle, (job) => onFailed(job, error));
    }
  }

  #forEach(bundle: JobBatch, act: (job: PendingJob) => unknown): void {
    for (const job of [...bundle.jobs]) act(job);
  }
}

/** Where the answers are, in what a worker completed a batch with; undefined when it is something else. */
function outcomeIn(text: string): BatchOutcome | undefined {
  const json = jsonIn(text);
  return typeof json?.['answers'] === 'string' ? (json as unknown as BatchOutcome) : undefined;
}

/** Whether a worker failed the batch because it could not read it. */
function isUnreadable(text: string): boolean {
  return jsonIn(text)?.['isUnreadable'] === true;
}

function jsonIn(text: string): Readonly<Record<string, unknown>> | undefined {
  const sealed = parseJson(text);
  return isRecord(sealed) && isRecord(sealed['json']) ? sealed['json'] : undefined;
}
