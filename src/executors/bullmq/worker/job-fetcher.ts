import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { describeError } from '../../../base/describe-error';
import { type Connection, isDisconnect } from '../connection';
import type { AcquiredJob, WorkerQueue } from './worker-queue';

/** How long one request waits for a job, in milliseconds, and how long it may take until it counts as lost. */
const blockTimeout = 4_000;
const requestTimeout = 10_000;

/** Acquires jobs from several queues, for the worker's loops. */
export class JobFetcher {
  readonly #queues: readonly WorkerQueue[];
  /** Connection for blocking requests. */
  readonly #blocking: Connection;
  /** The queues in which there may be jobs. */
  readonly #candidates: Set<WorkerQueue>;
  /** When jobs that were put off are due, by queue. */
  readonly #due = new Map<WorkerQueue, number>();
  /** Paused queues, with the end of the pause: other workers may be able to run their next job. */
  readonly #paused = new Map<WorkerQueue, number>();
  readonly #name = randomUUID();
  #count = 0;
  /** Callers that wait for a job. */
  #sleepers: (() => void)[] = [];
  #isWatching = false;
  #isClosed = false;

  constructor(queues: readonly WorkerQueue[], waiting: Connection) {
    this.#queues = queues;
    this.#blocking = waiting;
    this.#candidates = new Set(queues);
  }

  /** The next job; undefined when no more are to be taken. */
  async next(): Promise<AcquiredJob | undefined> {
    while (!this.#isClosed) {
      const taken = await this.#acquireOne();
      if (taken) {
        // There may be more: wakes two callers for each job, rather than all at once.
        this.#wake(2);
        return taken;
      }
      if (!this.#isClosed && this.#candidates.size === 0) await this.#sleep();
    }
    return undefined;
  }

  /** A job of this queue is over: there may be room for another one. */
  markAvailable(queue: WorkerQueue): void {
    this.#candidates.add(queue);
  }

  /** A job of this queue was put off, since this worker cannot run it: when it is due, others are to see it first. */
  pause(queue: WorkerQueue, milliseconds: number): void {
    this.#paused.set(queue, Date.now() + milliseconds);
  }

  close(): void {
    this.#isClosed = true;
    // Ends what is being waited for.
    this.#blocking.close();
    this.#wake(this.#sleepers.length);
  }

  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#sleepers.push(resolve);
      if (!this.#isWatching) void this.#watch();
    });
  }

  #wake(count: number): void {
    for (const wake of this.#sleepers.splice(0, count)) wake();
  }

  async #watch(): Promise<void> {
    this.#isWatching = true;
    while (!this.#isClosed && this.#sleepers.length > 0) {
      await this.#wait();
      this.#wake(1);
    }
    this.#isWatching = false;
  }

  /** From the queue that was asked least recently. */
  async #acquireOne(): Promise<AcquiredJob | undefined> {
    for (const queue of [...this.#candidates]) {
      if (this.#isClosed) return undefined;
      this.#candidates.delete(queue);
      if (this.#isPaused(queue)) continue;
      const taken = await queue.acquire(`${this.#name}:${this.#count++}`);
      if (!taken) continue;
      // Behind the others.
      this.#candidates.add(queue);
      return taken;
    }
    return undefined;
  }

  async #wait(): Promise<void> {
    const next = Math.min(...this.#due.values(), ...this.#paused.values()) - Date.now();
    const time = Math.max(10, Math.min(next, blockTimeout));
    try {
      const pushed = await this.#pop(time);
      if (pushed) await this.#handleMarker(pushed);
      // Markers may be lost; now and then all are looked at.
      else for (const queue of this.#queues) this.#candidates.add(queue);
    } catch {
      if (!this.#isClosed) await wait(50);
      for (const queue of this.#queues) this.#candidates.add(queue);
    }
    for (const [queue, at] of this.#due) {
      if (at > Date.now()) continue;
      this.#due.delete(queue);
      this.#candidates.add(queue);
    }
  }

  #isPaused(queue: WorkerQueue): boolean {
    const until = this.#paused.get(queue);
    if (until === undefined) return false;
    if (until > Date.now()) return true;
    this.#paused.delete(queue);
    return false;
  }

  /** A connection of which the other end is gone tells nothing, so a request that takes too long ends it. */
  async #pop(time: number): Promise<readonly [marker: string, member: string, score: string] | null> {
    const markers = this.#queues.filter((queue) => !this.#isPaused(queue)).map(({ marker }) => marker);
    if (markers.length === 0) return wait(time, null);
    const watchdog = setTimeout(() => this.#blocking.reset(), time + requestTimeout);
    try {
      return await this.#blocking.client.bzpopmin(markers, time / 1000);
    } finally {
      clearTimeout(watchdog);
    }
  }

  /** A marker tells that a queue may have a job, now or from a time on. */
  async #handleMarker([marker, member, score]: readonly [string, string, string]): Promise<void> {
    const queue = this.#queues.find((one) => one.marker === marker)!;
    if (this.#isPaused(queue)) {
      // It was being waited for before the rest began: it is for others to see.
      await this.#blocking.client.zadd(marker, score, member);
      return;
    }
    if (Number(score) > Date.now()) this.#due.set(queue, Number(score));
    else this.#candidates.add(queue);
  }
}

/** How many jobs of one queue follow each other without asking the others, and how long to wait when taking failed, in milliseconds. */
const maxInARow = 20;
const retryAcquireAfter = 500;

interface WorkerLoopsParts {
  readonly count: number;
  readonly fetcher: JobFetcher;
  readonly hasOneQueue: boolean;
  /** Does a job. @param wantsNext whether the queue's next job is wanted with it @returns that, when there is one */
  readonly process: (taken: AcquiredJob, wantsNext: () => boolean) => Promise<AcquiredJob | undefined>;
  readonly onWarning: (message: string) => void;
}

/** As many jobs at a time as the worker runs, each lane one after the other, until no more are to be taken. */
export class WorkerLoops {
  readonly #parts: WorkerLoopsParts;
  readonly #all: Promise<unknown>;
  #isClosed = false;

  constructor(parts: WorkerLoopsParts) {
    this.#parts = parts;
    this.#all = Promise.all(Array.from({ length: parts.count }, () => this.#loop()));
  }

  /** Takes no more jobs. Resolves when those that run are over. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#parts.fetcher.close();
    await this.#all;
  }

  async #loop(): Promise<void> {
    const { fetcher, process, hasOneQueue } = this.#parts;
    let next: AcquiredJob | undefined;
    for (let run = 0; ; run++) {
      if (!next) run = 0;
      next ??= await this.#acquire();
      if (!next) return;
      const { queue } = next;
      const wantsNext = () => !this.#isClosed && (hasOneQueue || run < maxInARow);
      next = await process(next, wantsNext);
      if (!next) fetcher.markAvailable(queue);
    }
  }

  async #acquire(): Promise<AcquiredJob | undefined> {
    while (!this.#isClosed) {
      try {
        return await this.#parts.fetcher.next();
      } catch (error) {
        if (this.#isClosed) return undefined;
        if (!isDisconnect(error))
          this.#parts.onWarning(`no job can be taken: ${describeError(error)}; it is tried again`);
        await wait(retryAcquireAfter);
      }
    }
    return undefined;
  }
}
