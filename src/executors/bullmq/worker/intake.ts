import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Connection } from '../connection';
import type { Taken, WorkerQueue } from './worker-queue';

/** How long one request waits for a job, in milliseconds, and how long it may take until it counts as lost. */
const blockFor = 4_000;
const lostAfter = 10_000;

/** Takes jobs of several queues for those who have room for one. */
export class Intake {
  readonly #queues: readonly WorkerQueue[];
  /** What it waits by, which is blocked most of the time. */
  readonly #waiting: Connection;
  /** The queues in which there may be jobs. */
  readonly #maybe: Set<WorkerQueue>;
  /** When jobs that were put off are due, by queue. */
  readonly #due = new Map<WorkerQueue, number>();
  /** Until when queues are left to others, who may be able to run what this worker could not. */
  readonly #resting = new Map<WorkerQueue, number>();
  readonly #name = randomUUID();
  #count = 0;
  /** Those who wait until there may be something. */
  #sleepers: (() => void)[] = [];
  #isWatching = false;
  #isClosed = false;

  constructor(queues: readonly WorkerQueue[], waiting: Connection) {
    this.#queues = queues;
    this.#waiting = waiting;
    this.#maybe = new Set(queues);
  }

  /** The next job; undefined when no more are to be taken. */
  async next(): Promise<Taken | undefined> {
    while (!this.#isClosed) {
      const taken = await this.#takeOne();
      if (taken) {
        // Where one was, there may be more: those who wait come by and by, not all for one job.
        this.#wake(2);
        return taken;
      }
      if (!this.#isClosed && this.#maybe.size === 0) await this.#sleep();
    }
    return undefined;
  }

  /** A job of this queue is over: there may be room for another one. */
  noteRoom(queue: WorkerQueue): void {
    this.#maybe.add(queue);
  }

  /** A job of this queue was put off, since this worker cannot run it: when it is due, others are to see it first. */
  rest(queue: WorkerQueue, milliseconds: number): void {
    this.#resting.set(queue, Date.now() + milliseconds);
  }

  close(): void {
    this.#isClosed = true;
    // Ends what is being waited for.
    this.#waiting.close();
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
  async #takeOne(): Promise<Taken | undefined> {
    for (const queue of [...this.#maybe]) {
      if (this.#isClosed) return undefined;
      this.#maybe.delete(queue);
      if (this.#isResting(queue)) continue;
      const taken = await queue.take(`${this.#name}:${this.#count++}`);
      if (!taken) continue;
      // Behind the others.
      this.#maybe.add(queue);
      return taken;
    }
    return undefined;
  }

  async #wait(): Promise<void> {
    const next = Math.min(...this.#due.values(), ...this.#resting.values()) - Date.now();
    const time = Math.max(10, Math.min(next, blockFor));
    try {
      const pushed = await this.#pop(time);
      if (pushed) await this.#take(pushed);
      // Markers may be lost; now and then all are looked at.
      else for (const queue of this.#queues) this.#maybe.add(queue);
    } catch {
      if (!this.#isClosed) await wait(50);
      for (const queue of this.#queues) this.#maybe.add(queue);
    }
    for (const [queue, at] of this.#due) {
      if (at > Date.now()) continue;
      this.#due.delete(queue);
      this.#maybe.add(queue);
    }
  }

  #isResting(queue: WorkerQueue): boolean {
    const until = this.#resting.get(queue);
    if (until === undefined) return false;
    if (until > Date.now()) return true;
    this.#resting.delete(queue);
    return false;
  }

  /** A connection of which the other end is gone tells nothing, so a request that takes too long ends it. */
  async #pop(time: number): Promise<readonly [marker: string, member: string, score: string] | null> {
    const markers = this.#queues.filter((queue) => !this.#isResting(queue)).map(({ marker }) => marker);
    if (markers.length === 0) return wait(time, null);
    const watchdog = setTimeout(() => this.#waiting.reset(), time + lostAfter);
    try {
      return await this.#waiting.client.bzpopmin(markers, time / 1000);
    } finally {
      clearTimeout(watchdog);
    }
  }

  /** A marker says that there may be a job, or from when on. */
  async #take([marker, member, score]: readonly [string, string, string]): Promise<void> {
    const queue = this.#queues.find((one) => one.marker === marker)!;
    if (this.#isResting(queue)) {
      // It was being waited for before the rest began: it is for others to see.
      await this.#waiting.client.zadd(marker, score, member);
      return;
    }
    if (Number(score) > Date.now()) this.#due.set(queue, Number(score));
    else this.#maybe.add(queue);
  }
}
