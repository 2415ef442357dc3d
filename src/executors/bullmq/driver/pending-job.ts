import { randomUUID } from 'node:crypto';
import type { BatchData, BatchedJob, JobData } from '../protocol/job-data';

/** Outcome of a job, as read from Redis. */
export interface RawAnswer {
  readonly isFailed: boolean;
  /** The id of what it is about: the job, or the batch that it was in. */
  readonly id: string;
  /** As JSON, or read already. */
  readonly content: string | object;
}

/** Receives the events of a job. */
export interface JobObserver {
  /** It is over. */
  answered(answer: RawAnswer): void;
  /** It will never be over. */
  failed(error: unknown): void;
  /** Progress and log messages of the task. */
  updated(text: string): void;
  /** A worker took it. @param worker its name, where that is known */
  started(worker?: string): void;
  /** The worker that had it is gone or too late; another one takes it. */
  stalled(): void;
  /** It was given back, and waits for a worker again. */
  requeued(): void;
  /** No worker listens on the queue. */
  noWorker(): void;
}

/** How often a job may vanish from Redis without an answer. */
const maxLosses = 20;

/** A job that is asked for. */
export interface NewJob {
  readonly id: string;
  readonly data: JobData;
  /** Whether it may be added as part of a batch. */
  readonly mayBatch: boolean;
}

/** A job in Redis that a driver waits for, for one or more of its runs. */
export class PendingJob {
  readonly id: string;
  readonly data: JobData;
  readonly observers = new Set<JobObserver>();
  /** Whether it may be added as part of a batch. */
  mayBatch: boolean;
  /** The batch that it is in. */
  batch: JobBatch | undefined;
  /** Whether it was sent to Redis. */
  isSent = false;
  /** Whether Redis has confirmed it. */
  isAdded = false;
  /** Whether the connection broke before the confirmation. */
  isUncertain = false;
  isStarted = false;
  /** Whether it is being removed from the queue. */
  isBeingRemoved = false;
  /** Since it is not there: the last event of its queue at that time. An answer can only be in what came until then. */
  missingSince: string | undefined;
  readonly since = performance.now();
  #losses = 0;

  constructor({ id, data, mayBatch }: NewJob) {
    this.id = id;
    this.data = data;
    this.mayBatch = mayBatch;
  }

  /** Its id in Redis. */
  get redisId(): string {
    return this.batch?.id ?? this.id;
  }

  /** Whether it may be in Redis, and so is checked periodically. */
  get mayBeInRedis(): boolean {
    return (this.isAdded || this.isUncertain) && !this.batch?.isOver;
  }

  /** It was looked for, and is in Redis; unless it was found to be gone since then. */
  markFound(): void {
    if (!this.mayBeInRedis) return;
    this.isAdded = true;
    this.isUncertain = false;
    this.missingSince = undefined;
  }

  /** It is not in Redis (any more), and there was no answer. Gives whether it is to be added once more. */
  markLost(): boolean {
    if (this.isAdded) this.#losses++;
    this.reset();
    return this.#losses <= maxLosses;
  }

  /** It is not in Redis any more, as it was before it was added; it goes there alone from now on. */
  reset(): void {
    this.mayBatch = false;
    this.isSent = false;
    this.isAdded = false;
    this.isUncertain = false;
    this.missingSince = undefined;
    this.isStarted = false;
  }
}

/** Several jobs that wait, and go to Redis as one: of one task and one run, which all are kept or all are not. */
export class JobBatch {
  readonly id = `bundle.${randomUUID()}`;
  /** Those that still wait for its answer. */
  readonly jobs: Set<PendingJob>;
  /** Whether it has ended and its answers are being read. */
  isOver = false;
  /** While it is being taken back: whether that could be done. */
  removing: Promise<boolean> | undefined;

  constructor(jobs: readonly PendingJob[]) {
    this.jobs = new Set(jobs);
    for (const job of jobs) job.batch = this;
  }

  get data(): BatchData {
    const jobs: BatchedJob[] = [];
    let common!: Omit<BatchData, 'jobs'>;
    for (const { id, data } of this.jobs) {
      const { task, version, run, isSaved, ...own } = data;
      common = { task, version, run, isSaved };
      jobs.push({ id, ...own });
    }
    return { ...common, jobs };
  }
}
