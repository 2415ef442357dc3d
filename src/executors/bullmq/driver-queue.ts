import type { Queue } from 'bullmq';
import type { Awaitable } from '../../awaitable';
import { Bundler } from './bundler';
import { Bundles } from './bundles';
import type { Follower, QueueEvent } from './event-reader';
import { insist } from './insist';
import { JobAdder } from './job-adder';
import { QueueError } from './queue-error';
import type { QueueHost } from './queue-host';
import { Unheard } from './unheard';
import { type AskedJob, type JobWatcher, WaitingJob } from './waiting-job';

/** How long a queue is followed on for which nothing waits, in milliseconds. */
const followedFor = 2_000;

/** Gives why a job is not wanted any more, sealed for what it is called in Redis. */
export type GivesReason = (sentAs: string) => Awaitable<string>;

/** A queue as a driver sees it: adds jobs, many at once, and tells those who wait for them what became of them. */
export class DriverQueue implements Follower {
  /** As tasks name it. */
  readonly name: string;
  readonly queue: Queue;
  readonly stream: string;
  readonly jobs = new Map<string, WaitingJob>();
  readonly unheard = new Unheard(this.jobs);
  readonly #host: QueueHost;
  readonly #adder: JobAdder;
  readonly #bundler: Bundler;
  readonly #bundles: Bundles;
  #isFollowed: Promise<void> | undefined;
  #idleSince = 0;
  #end: { readonly error: unknown } | undefined;

  /** @param mostAtOnce how many jobs may go to Redis as one */
  constructor(name: string, queue: Queue, host: QueueHost, mostAtOnce: number) {
    this.name = name;
    this.queue = queue;
    this.stream = queue.keys['events']!;
    this.#host = host;
    this.#bundler = new Bundler(mostAtOnce);
    this.#bundles = new Bundles({
      jobs: this.jobs,
      answersIn: (place) => host.answersIn(place),
      remove: (id) => this.#remove(id),
      tell: (job, event) => this.#take(job, event),
      answered: (job, answer) => this.#settle(job, (watcher) => watcher.answered(answer)),
      failed: (job, error) => this.#settle(job, (watcher) => watcher.failed(host.error(error))),
      notBegun: (job) => this.#addReturned(job),
      lost: (job) => this.addAgain(job),
    });
    this.#adder = new JobAdder({
      queue,
      bundler: this.#bundler,
      onBundle: (bundle) => this.#bundles.add(bundle),
      isWanted: (job) => this.jobs.get(job.id) === job,
      before: () => this.#follow(),
      onUnsure: () => host.lookSoon(),
      onRefused: (job, error) => this.#settle(job, (watcher) => watcher.failed(host.error(error))),
    });
  }

  get waiting(): number {
    return this.jobs.size;
  }

  /** Whether it is not known of a job whether it was added. */
  get isUnsure(): boolean {
    return [...this.jobs.values()].some(({ isUnsure }) => isUnsure);
  }

  /** Adds a job, or waits for it with those who wait already. Gives what ends waiting. */
  ask(asked: AskedJob, watcher: JobWatcher): (reason: GivesReason) => void {
    const { id } = asked;
    if (this.#end) {
      watcher.failed(this.#end.error);
      return () => undefined;
    }
    let job = this.jobs.get(id);
    if (!job) {
      job = new WaitingJob(asked);
      this.jobs.set(id, job);
      this.#host.waits(1);
      this.#adder.add(job);
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
      const isBack = await (job.bundle ? this.#bundles.takeBack(job.bundle) : this.#takeBack(job));
      if (!isBack || this.jobs.get(id) !== job) return false;
    }
    job.watchers.delete(watcher);
    if (job.watchers.size === 0) this.#forget(job);
    // Somebody else has asked for it meanwhile. What was in a bundle is added again with all that are left of that.
    else if (!job.bundle) this.#addReturned(job);
    return true;
  }

  async #takeBack(job: WaitingJob): Promise<boolean> {
    job.isWithdrawn = true;
    const removed = await this.#remove(job.id).catch(() => 0);
    job.isWithdrawn = false;
    return removed > 0;
  }

  /** A job of this task took a worker so many milliseconds. */
  noteTook(task: string, milliseconds: number): void {
    this.#bundler.note(task, milliseconds);
  }

  /** Ends all waiting: there will be no answers. */
  fail(error: unknown): void {
    this.#end = { error };
    for (const job of this.jobs.values()) this.#settle(job, (watcher) => watcher.failed(error));
  }

  staysOn(): boolean {
    if (this.jobs.size > 0 || performance.now() - this.#idleSince < followedFor) return true;
    this.#isFollowed = undefined;
    return false;
  }

  take(event: QueueEvent): void {
    const job = this.jobs.get(event.jobId);
    if (job) this.#take(job, event);
    else this.#bundles.take(event);
  }

  #take(job: WaitingJob, { type, jobId, text }: QueueEvent): void {
    switch (type) {
      case 'completed':
      case 'failed':
        this.#settle(job, (watcher) => watcher.answered({ isFailed: type === 'failed', of: jobId, content: text }));
        return;
      case 'active':
        this.isUnderWay(job);
        return;
      case 'waiting':
      case 'delayed':
        if (!job.isStarted) return;
        job.isStarted = false;
        for (const watcher of [...job.watchers]) watcher.waits();
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
        if (job.isAdded && !job.isWithdrawn && !job.bundle) this.addAgain(job);
        return;
      default:
    }
  }

  /** A worker has a job. @param worker its name, where that is known */
  isUnderWay(job: WaitingJob, worker?: string): void {
    job.isStarted = true;
    for (const watcher of job.watchers) watcher.started(worker);
  }

  /** A job has vanished from Redis. */
  addAgain(job: WaitingJob): void {
    if (this.jobs.get(job.id) !== job) return;
    this.#bundles.release(job);
    if (job.vanish()) {
      this.#adder.add(job);
      return;
    }
    const error = new QueueError(
      `its job ${job.id} was removed from queue ${this.name} again and again: see what does that`,
    );
    this.#settle(job, (watcher) => watcher.failed(error));
  }

  /** A job was in a bundle, and no worker has begun it. */
  #addReturned(job: WaitingJob): void {
    this.#bundles.release(job);
    job.returned();
    this.#adder.add(job);
    for (const watcher of [...job.watchers]) watcher.waits();
  }

  /** Once it is followed, it stays so: to begin anew would be to miss what came meanwhile. */
  #follow(): Promise<void> {
    this.#isFollowed ??= this.#host.follow(this).catch((error: unknown) => {
      this.#isFollowed = undefined;
      throw error;
    });
    return this.#isFollowed;
  }

  /** Removing a job twice is removing it once. */
  #remove(id: string): Promise<number> {
    return insist(this.#host.adding.client, () => this.queue.remove(id));
  }

  #leave(job: WaitingJob, watcher: JobWatcher, reason: GivesReason): void {
    if (!job.watchers.delete(watcher) || job.watchers.size > 0) return;
    const { bundle, sentAs } = job;
    this.#forget(job);
    // Of a bundle, the others may be wanted.
    if (job.isSent && !bundle?.jobs.size) void this.#cancel(sentAs, reason);
  }

  /** Nobody here wants it any more. One that waits is removed; a worker that runs it is told. */
  async #cancel(id: string, reason: GivesReason): Promise<void> {
    this.#host.waits(1);
    try {
      if ((await this.#remove(id)) === 0) await this.#host.abort(this.queue.name, id, await reason(id));
    } catch {
      // It runs to its end, and nobody hears of it.
    } finally {
      this.#host.waits(-1);
    }
  }

  #settle(job: WaitingJob, tell: (watcher: JobWatcher) => void): void {
    if (this.jobs.get(job.id) !== job) return;
    this.#forget(job);
    for (const watcher of job.watchers) tell(watcher);
  }

  #forget(job: WaitingJob): void {
    this.jobs.delete(job.id);
    this.#bundles.release(job);
    if (this.jobs.size === 0) this.#idleSince = performance.now();
    this.#host.waits(-1);
  }
}
