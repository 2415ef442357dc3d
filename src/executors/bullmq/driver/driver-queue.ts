import type { Queue } from 'bullmq';
import type { Awaitable } from '../../../base/awaitable';
import { type Connection, retryOnDisconnect } from '../connection';
import type { BatchedAnswer } from '../protocol/job-data';
import { QueueError } from '../queue-error';
import { Batcher } from './batcher';
import { BatchesInFlight } from './batches';
import type { EventFollower, QueueEvent } from './event-reader';
import { JobAdder } from './job-adder';
import { type JobObserver, type NewJob, PendingJob } from './pending-job';

/** The connections of a queue, and what it reports to their owner. */
export interface QueueHost {
  readonly adding: Connection;
  /** Starts to tell the queue of its events. */
  follow(follower: EventFollower): Promise<void>;
  /** Called when the number of pending jobs changes. */
  addWaiting(count: number): void;
  /** Looks before long for the jobs of which it is not known whether they were added. */
  checkSoon(): void;
  /** Tells workers to end a job that one of them runs. */
  cancel(queueName: string, jobId: string, reason: string): Promise<void>;
  /** Reads the answers of a batch from the key that a worker named; undefined when they have expired. */
  readBatchAnswers(place: string): Promise<readonly BatchedAnswer[] | undefined>;
  /** Explains an error. */
  toError(cause: unknown): QueueError;
}

/** How long jobs wait before it is asked whether anybody takes them, in milliseconds. */
const warnAfter = 10_000;

/** Warns once when no worker listens on a queue, and again after workers were there in between. */
export class NoWorkerWarning {
  readonly #jobs: ReadonlyMap<string, PendingJob>;
  #hasWarned = false;

  constructor(jobs: ReadonlyMap<string, PendingJob>) {
    this.#jobs = jobs;
  }

  /** Whether jobs have waited so long that workers may be missing. Workers that started them may be gone as well. */
  get isDue(): boolean {
    const [first] = this.#jobs.values();
    return first !== undefined && performance.now() - first.since > warnAfter;
  }

  /** @param workers how many there are */
  update(workers: number): void {
    if (workers > 0) this.#hasWarned = false;
    else if (!this.#hasWarned) this.#warn();
  }

  #warn(): void {
    this.#hasWarned = true;
    const [first] = this.#jobs.values();
    const [watcher] = first?.observers ?? [];
    watcher?.noWorker();
  }
}

/** How long a queue is followed on for which nothing waits, in milliseconds. */
const followIdleFor = 2_000;

/** Gives why a job is not wanted any more, sealed for what it is called in Redis. */
type MakeReason = (sentAs: string) => Awaitable<string>;

/** A queue, seen from a driver: adds jobs, many at once, and passes their events to the observers. */
export class DriverQueue implements EventFollower {
  /** As tasks name it. */
  readonly name: string;
  readonly queue: Queue;
  readonly stream: string;
  readonly jobs = new Map<string, PendingJob>();
  readonly noWorkerWarning = new NoWorkerWarning(this.jobs);
  readonly #host: QueueHost;
  readonly #adder: JobAdder;
  readonly #batcher: Batcher;
  readonly #batches: BatchesInFlight;
  #following: Promise<void> | undefined;
  #idleSince = 0;
  #end: { readonly error: unknown } | undefined;

  /** @param mostAtOnce how many jobs may go to Redis as one */
  constructor(name: string, queue: Queue, host: QueueHost, mostAtOnce: number) {
    this.name = name;
    this.queue = queue;
    this.stream = queue.keys['events']!;
    this.#host = host;
    this.#batcher = new Batcher(mostAtOnce);
    this.#batches = new BatchesInFlight({
      jobs: this.jobs,
      readAnswers: (place) => host.readBatchAnswers(place),
      remove: (id) => this.#remove(id),
      onEvent: (job, event) => this.#handleJobEvent(job, event),
      onAnswered: (job, answer) => this.#settle(job, (watcher) => watcher.answered(answer)),
      onFailed: (job, error) => this.#settle(job, (watcher) => watcher.failed(host.toError(error))),
      onNotStarted: (job) => this.#requeue(job),
      onLost: (job) => this.requeueLost(job),
    });
    this.#adder = new JobAdder({
      queue,
      batcher: this.#batcher,
      onBatch: (bundle) => this.#batches.add(bundle),
      isWanted: (job) => this.jobs.get(job.id) === job,
      beforeAdding: () => this.#follow(),
      onUncertain: () => host.checkSoon(),
      onRejected: (job, error) => this.#settle(job, (watcher) => watcher.failed(host.toError(error))),
    });
  }

  get waiting(): number {
    return this.jobs.size;
  }

  /** Whether it is unknown of a job whether it was added. */
  get hasUncertainJobs(): boolean {
    return [...this.jobs.values()].some(({ isUncertain }) => isUncertain);
  }

  /** Adds a job, or observes one that is pending already. Returns a function that stops observing. */
  request(asked: NewJob, watcher: JobObserver): (reason: MakeReason) => void {
    const { id } = asked;
    if (this.#end) {
      watcher.failed(this.#end.error);
      return () => undefined;
    }
    let job = this.jobs.get(id);
    if (!job) {
      job = new PendingJob(asked);
      this.jobs.set(id, job);
      this.#host.addWaiting(1);
      this.#adder.add(job);
    }
    job.observers.add(watcher);
    if (job.isStarted) watcher.started();
    return (reason) => this.#stopObserving(job, watcher, reason);
  }

  /** Takes a job back that no worker has begun. Gives whether that could be done. */
  async cancelIfQueued(id: string, watcher: JobObserver): Promise<boolean> {
    const job = this.jobs.get(id);
    if (!job?.observers.has(watcher) || job.isStarted) return false;
    if (job.observers.size > 1) return job.observers.delete(watcher);
    if (job.isSent) {
      const isBack = await (job.batch ? this.#batches.cancelIfQueued(job.batch) : this.#removeQueued(job));
      if (!isBack || this.jobs.get(id) !== job) return false;
    }
    job.observers.delete(watcher);
    if (job.observers.size === 0) this.#forget(job);
    // Another observer has joined meanwhile. A batched job is added again with the rest of its batch.
    else if (!job.batch) this.#requeue(job);
    return true;
  }

  async #removeQueued(job: PendingJob): Promise<boolean> {
    job.isBeingRemoved = true;
    const removed = await this.#remove(job.id).catch(() => 0);
    job.isBeingRemoved = false;
    return removed > 0;
  }

  /** A job of this task took a worker so many milliseconds. */
  recordDuration(task: string, milliseconds: number): void {
    this.#batcher.record(task, milliseconds);
  }

  /** Ends all waiting: there will be no answers. */
  fail(error: unknown): void {
    this.#end = { error };
    for (const job of this.jobs.values()) this.#settle(job, (watcher) => watcher.failed(error));
  }

  keepsFollowing(): boolean {
    if (this.jobs.size > 0 || performance.now() - this.#idleSince < followIdleFor) return true;
    this.#following = undefined;
    return false;
  }

  handle(event: QueueEvent): void {
    const job = this.jobs.get(event.jobId);
    if (job) this.#handleJobEvent(job, event);
    else this.#batches.handle(event);
  }

  #handleJobEvent(job: PendingJob, { type, jobId, text }: QueueEvent): void {
    switch (type) {
      case 'completed':
      case 'failed':
        this.#settle(job, (watcher) => watcher.answered({ isFailed: type === 'failed', id: jobId, content: text }));
        return;
      case 'active':
        this.markStarted(job);
        return;
      case 'waiting':
      case 'delayed':
        if (!job.isStarted) return;
        job.isStarted = false;
        for (const watcher of [...job.observers]) watcher.requeued();
        return;
      case 'progress':
        for (const watcher of job.observers) watcher.updated(text);
        return;
      case 'stalled':
        job.isStarted = false;
        for (const watcher of job.observers) watcher.stalled();
        return;
      case 'removed':
        // Another driver did not want it any more.
        if (job.isAdded && !job.isBeingRemoved && !job.batch) this.requeueLost(job);
        return;
      default:
    }
  }

  /** A worker has a job. @param worker its name, where that is known */
  markStarted(job: PendingJob, worker?: string): void {
    job.isStarted = true;
    for (const watcher of job.observers) watcher.started(worker);
  }

  /** A job has vanished from Redis. */
  requeueLost(job: PendingJob): void {
    if (this.jobs.get(job.id) !== job) return;
    this.#batches.release(job);
    if (job.markLost()) {
      this.#adder.add(job);
      return;
    }
    const error = new QueueError(
      `its job ${job.id} was removed from queue ${this.name} again and again: see what does that`,
    );
    this.#settle(job, (watcher) => watcher.failed(error));
  }

  /** A job was in a batch, and no worker has begun it. */
  #requeue(job: PendingJob): void {
    this.#batches.release(job);
    job.reset();
    this.#adder.add(job);
    for (const watcher of [...job.observers]) watcher.requeued();
  }

  /** Follows the queue's events, once: starting again would miss those in between. */
  #follow(): Promise<void> {
    this.#following ??= this.#host.follow(this).catch((error: unknown) => {
      this.#following = undefined;
      throw error;
    });
    return this.#following;
  }

  /** Removing a job twice is removing it once. */
  #remove(id: string): Promise<number> {
    return retryOnDisconnect(this.#host.adding.client, () => this.queue.remove(id));
  }

  #stopObserving(job: PendingJob, watcher: JobObserver, reason: MakeReason): void {
    if (!job.observers.delete(watcher) || job.observers.size > 0) return;
    const { batch, redisId } = job;
    this.#forget(job);
    // Of a batch, the others may be wanted.
    if (job.isSent && !batch?.jobs.size) void this.#cancel(redisId, reason);
  }

  /** Removes a job without observers from the queue, or cancels it at the worker that runs it. */
  async #cancel(id: string, reason: MakeReason): Promise<void> {
    this.#host.addWaiting(1);
    try {
      if ((await this.#remove(id)) === 0) await this.#host.cancel(this.queue.name, id, await reason(id));
    } catch {
      // It runs to its end, unobserved.
    } finally {
      this.#host.addWaiting(-1);
    }
  }

  #settle(job: PendingJob, tell: (watcher: JobObserver) => void): void {
    if (this.jobs.get(job.id) !== job) return;
    this.#forget(job);
    for (const watcher of job.observers) tell(watcher);
  }

  #forget(job: PendingJob): void {
    this.jobs.delete(job.id);
    this.#batches.release(job);
    if (this.jobs.size === 0) this.#idleSince = performance.now();
    this.#host.addWaiting(-1);
  }
}
