import type { Queue } from 'bullmq';
import type { Awaitable } from '../../awaitable';
import { isBroken } from './connection';
import type { Follower, QueueEvent } from './event-reader';
import type { JobData } from './job-content';
import { QueueError } from './queue-error';
import { type JobWatcher, WaitingJob } from './waiting-job';

/** What a queue needs of the connections that it lives on. */
export interface QueueHost {
  /** Starts to tell the queue of its events. */
  follow(follower: Follower): Promise<void>;
  /** Told when it begins or ends to wait for jobs. */
  waits(count: number): void;
  /** Tells workers to end a job that one of them runs. */
  abort(queue: DriverQueue, jobId: string, reason: string): Promise<void>;
  /** What went wrong, in words. */
  error(cause: unknown): QueueError;
}

/** How long a queue is followed on for which nothing waits, in milliseconds. */
const followedFor = 2_000;
/** How many jobs go in one request: Redis does nothing else meanwhile. */
const addedAtOnce = 100;
/** How long jobs wait before it is asked whether anybody takes them, in milliseconds. */
const heardAfter = 10_000;
/** How long to wait after a connection broke, in milliseconds. */
const tryAgainAfter = 100;
const jobOptions = Object.freeze({ attempts: 1, removeOnComplete: true, removeOnFail: true });

/** A queue as a driver sees it: adds jobs, many at once, and tells those who wait for them what became of them. */
export class DriverQueue implements Follower {
  /** As tasks name it. */
  readonly name: string;
  readonly queue: Queue;
  readonly stream: string;
  readonly jobs = new Map<string, WaitingJob>();
  readonly #host: QueueHost;
  #toAdd: WaitingJob[] = [];
  #isFollowed: Promise<void> | undefined;
  #idleSince = 0;
  #wasUnheard = false;
  #end: { readonly error: unknown } | undefined;

  constructor(name: string, queue: Queue, host: QueueHost) {
    this.name = name;
    this.queue = queue;
    this.stream = queue.keys['events']!;
    this.#host = host;
  }

  get waiting(): number {
    return this.jobs.size;
  }

  /** Adds a job, or waits for it with those who wait already. Gives what ends waiting. */
  ask(id: string, data: JobData, watcher: JobWatcher): (reason: () => Awaitable<string>) => void {
    if (this.#end) {
      watcher.failed(this.#end.error);
      return () => undefined;
    }
    let job = this.jobs.get(id);
    if (!job) {
      job = new WaitingJob(id, data);
      this.jobs.set(id, job);
      this.#host.waits(1);
      this.#add(job);
    }
    job.watchers.add(watcher);
    if (job.isStarted) watcher.started();
    return (reason) => this.#leave(job, watcher, reason);
  }

  /** Takes a job back that no worker has begun. Gives whether that could be done. */
  async withdraw(id: string, watcher: JobWatcher): Promise<boolean> {
    const job = this.jobs.get(id);
    if (!job?.watchers.has(watcher) || job.isStarted) return false;
    if (job.watchers.size > 1) return job.watchers.delete(watcher);
    if (job.isSent) {
      job.isWithdrawn = true;
      const removed = await this.queue.remove(id).catch(() => 0);
      job.isWithdrawn = false;
      if (removed === 0 || this.jobs.get(id) !== job) return false;
    }
    this.jobs.delete(id);
    this.#over();
    return true;
  }

  /** Whether its jobs have waited for so long that perhaps nobody takes them. */
  get mayBeUnheard(): boolean {
    if (this.#wasUnheard) return false;
    const [first] = this.jobs.values();
    return first !== undefined && !first.isStarted && performance.now() - first.since > heardAfter;
  }

  /** Nobody takes its jobs yet: told once. */
  sayUnheard(): void {
    this.#wasUnheard = true;
    const [first] = this.jobs.values();
    const [watcher] = first?.watchers ?? [];
    watcher?.unheard();
  }

  /** Ends all waiting: there will be no answers. */
  fail(error: unknown): void {
    this.#end = { error };
    this.#toAdd = [];
    for (const job of this.jobs.values()) this.#settle(job, (watcher) => watcher.failed(error));
  }

  staysOn(): boolean {
    if (this.jobs.size > 0 || performance.now() - this.#idleSince < followedFor) return true;
    this.#isFollowed = undefined;
    return false;
  }

  take({ type, jobId, text }: QueueEvent): void {
    const job = this.jobs.get(jobId);
    if (!job) return;
    switch (type) {
      case 'completed':
      case 'failed':
        this.#settle(job, (watcher) => watcher.answered({ isFailed: type === 'failed', text }));
        return;
      case 'active':
        job.isStarted = true;
        for (const watcher of job.watchers) watcher.started();
        return;
      case 'progress':
        for (const watcher of job.watchers) watcher.said(text);
        return;
      case 'stalled':
        job.isStarted = false;
        for (const watcher of job.watchers) watcher.stalled();
        return;
      case 'removed':
        // Another driver did not want it any more.
        if (job.isAdded && !job.isWithdrawn) this.addAgain(job);
        return;
      default:
    }
  }

  /** A job has vanished from Redis. */
  addAgain(job: WaitingJob): void {
    if (this.jobs.get(job.id) !== job) return;
    if (job.vanish()) {
      this.#add(job);
      return;
    }
    const error = new QueueError(
      `its job ${job.id} was removed from queue ${this.name} again and again: see what does that`,
    );
    this.#settle(job, (watcher) => watcher.failed(error));
  }

  #add(job: WaitingJob): void {
    if (this.#toAdd.push(job) === 1) setImmediate(() => void this.#flush());
  }

  /** Adds what was asked for in one turn of the event loop. */
  async #flush(): Promise<void> {
    const jobs = this.#toAdd;
    this.#toAdd = [];
    try {
      await this.#follow();
      for (let i = 0; i < jobs.length; i += addedAtOnce) await this.#send(jobs.slice(i, i + addedAtOnce));
    } catch (error) {
      this.#notAdded(
        jobs.filter(({ isAdded }) => !isAdded),
        error,
      );
    }
  }

  /** Once it is followed, it stays so: to begin anew would be to miss what came meanwhile. */
  #follow(): Promise<void> {
    this.#isFollowed ??= this.#host.follow(this).catch((error: unknown) => {
      this.#isFollowed = undefined;
      throw error;
    });
    return this.#isFollowed;
  }

  /** Adding a job twice is adding it once, so what broke off is done again until the connection is lost for good. */
  #notAdded(jobs: readonly WaitingJob[], error: unknown): void {
    const isWanted = (job: WaitingJob) => this.jobs.get(job.id) === job;
    if (isBroken(error))
      setTimeout(() => {
        for (const job of jobs) if (isWanted(job)) this.#add(job);
      }, tryAgainAfter);
    else for (const job of jobs) this.#settle(job, (watcher) => watcher.failed(this.#host.error(error)));
  }

  async #send(asked: readonly WaitingJob[]): Promise<void> {
    // Some may not be wanted any more.
    const jobs = asked.filter((job) => this.jobs.get(job.id) === job);
    if (jobs.length === 0) return;
    for (const job of jobs) job.isSent = true;
    await this.queue.addBulk(
      jobs.map(({ id, data }) => ({ name: data.task, data, opts: { ...jobOptions, jobId: id } })),
    );
    for (const job of jobs) job.isAdded = true;
  }

  #leave(job: WaitingJob, watcher: JobWatcher, reason: () => Awaitable<string>): void {
    if (!job.watchers.delete(watcher) || job.watchers.size > 0) return;
    this.jobs.delete(job.id);
    this.#over();
    if (job.isSent) void this.#cancel(job, reason);
  }

  /** Nobody here wants it any more. One that waits is removed; a worker that runs it is told. */
  async #cancel({ id }: WaitingJob, reason: () => Awaitable<string>): Promise<void> {
    this.#host.waits(1);
    try {
      if ((await this.queue.remove(id)) === 0) await this.#host.abort(this, id, await reason());
    } catch {
      // It runs to its end, and nobody hears of it.
    } finally {
      this.#host.waits(-1);
    }
  }

  #settle(job: WaitingJob, tell: (watcher: JobWatcher) => void): void {
    if (!this.jobs.delete(job.id)) return;
    this.#over();
    for (const watcher of job.watchers) tell(watcher);
  }

  #over(): void {
    if (this.jobs.size === 0) this.#idleSince = performance.now();
    this.#host.waits(-1);
  }
}
