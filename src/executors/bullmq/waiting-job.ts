import { randomUUID } from 'node:crypto';
import type { BundleData, BundledJob } from './bundle-content';
import type { JobData } from './job-content';

/** What became of a job, as it comes from Redis. */
export interface RawAnswer {
  readonly isFailed: boolean;
  /** The id of what it is about: the job, or the bundle that it was in. */
  readonly of: string;
  /** As JSON, or read already. */
  readonly content: string | object;
}

/** Told of a job. */
export interface JobWatcher {
  /** It is over. */
  answered(answer: RawAnswer): void;
  /** It will never be over. */
  failed(error: unknown): void;
  /** What the task says. */
  said(text: string): void;
  /** A worker took it. @param worker its name, where that is known */
  started(worker?: string): void;
  /** The worker that had it is gone or too late; another one takes it. */
  stalled(): void;
  /** It was given back, and waits for a worker again. */
  waits(): void;
  /** Nobody takes jobs of this queue yet. */
  unheard(): void;
}

/** How often a job may vanish from Redis without an answer. */
const mayVanish = 20;

/** A job that is asked for. */
export interface AskedJob {
  readonly id: string;
  readonly data: JobData;
  /** Whether it may go to Redis in a bundle. */
  readonly mayBundle: boolean;
}

/** A job in Redis that a driver waits for, for one or more of its runs. */
export class WaitingJob {
  readonly id: string;
  readonly data: JobData;
  readonly watchers = new Set<JobWatcher>();
  /** Whether it may go to Redis in a bundle. */
  mayBundle: boolean;
  /** The bundle that it is in. */
  bundle: Bundle | undefined;
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

  constructor({ id, data, mayBundle }: AskedJob) {
    this.id = id;
    this.data = data;
    this.mayBundle = mayBundle;
  }

  /** What it is called in Redis. */
  get sentAs(): string {
    return this.bundle?.id ?? this.id;
  }

  /** Whether it may be in Redis, and so is looked for now and then. */
  get isSought(): boolean {
    return (this.isAdded || this.isUnsure) && !this.bundle?.isOver;
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
    this.returned();
    return this.#vanished <= mayVanish;
  }

  /** It is not in Redis any more, as it was before it was added; it goes there alone from now on. */
  returned(): void {
    this.mayBundle = false;
    this.isSent = false;
    this.isAdded = false;
    this.isUnsure = false;
    this.missedAt = undefined;
    this.isStarted = false;
  }
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
    let common!: Omit<BundleData, 'jobs'>;
    for (const { id, data } of this.jobs) {
      const { task, version, run, isSaved, ...own } = data;
      common = { task, version, run, isSaved };
      jobs.push({ id, ...own });
    }
    return { ...common, jobs };
  }
}
