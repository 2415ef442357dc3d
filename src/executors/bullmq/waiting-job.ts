import type { JobData } from './job-content';

/** What became of a job, as it comes from Redis. */
export interface RawAnswer {
  readonly isFailed: boolean;
  readonly text: string;
}

/** Told of a job. */
export interface JobWatcher {
  /** It is over. */
  answered(answer: RawAnswer): void;
  /** It will never be over. */
  failed(error: unknown): void;
  /** What the task says. */
  said(text: string): void;
  /** A worker took it. */
  started(): void;
  /** The worker that had it is gone or too late; another one takes it. */
  stalled(): void;
  /** Nobody takes jobs of this queue yet. */
  unheard(): void;
}

/** How often a job may vanish from Redis without an answer. */
const mayVanish = 20;

/** A job in Redis that a driver waits for, for one or more of its runs. */
export class WaitingJob {
  readonly id: string;
  readonly data: JobData;
  readonly watchers = new Set<JobWatcher>();
  /** Whether it is on its way to Redis. */
  isSent = false;
  /** Whether Redis has said that it has it. */
  isAdded = false;
  /** Whether the connection broke before Redis could say that. */
  isUnsure = false;
  isStarted = false;
  /** Whether it is being taken back. */
  isWithdrawn = false;
  /** Since it is not there: the last event of its queue at that time. An answer can only be in what came until then. */
  missedAt: string | undefined;
  readonly since = performance.now();
  #vanished = 0;

  constructor(id: string, data: JobData) {
    this.id = id;
    this.data = data;
  }

  /** Whether it may be in Redis, and so is looked for now and then. */
  get isSought(): boolean {
    return this.isAdded || this.isUnsure;
  }

  /** It was looked for, and is in Redis; unless it was found to be gone since then. */
  isThere(): void {
    if (!this.isSought) return;
    this.isAdded = true;
    this.isUnsure = false;
    this.missedAt = undefined;
  }

  /** It is not in Redis (any more), and there was no answer. Gives whether it is to be added once more. */
  vanish(): boolean {
    if (this.isAdded) this.#vanished++;
    this.isAdded = false;
    this.isUnsure = false;
    this.missedAt = undefined;
    this.isStarted = false;
    return this.#vanished <= mayVanish;
  }
}
