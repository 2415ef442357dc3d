import type { TaskKey } from '../../task/context';
import type { LeaseBackend } from './lease';
import type { Clock } from './renewal';

/** The first poll of a lease comes after `firstPoll` milliseconds; each further pause is this fraction of the time waited. */
const firstPoll = 20;
const pauseFraction = 0.1;
const longestPause = 500;
/** The minimum number of polls while a lease lasts, to see that its owner is alive. */
const minPollsPerTerm = 6;
/** Polls that are due within this factor of their pause are done togetherFactor. */
const togetherFactor = 1.25;

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** A key whose lease another process has. */
interface Watched {
  readonly key: TaskKey;
  readonly waiters: Set<Waiter>;
  readonly since: number;
  lastPoll: number;
  nextPoll: number;
  pause: number;
  /** The last sign of life of the owner, and the time since it changed. */
  seen: string | undefined;
  silentFor: number;
}

/** Polls the leases of other processes until they are free: one timer and one request for all that are due. */
export class LeaseWaiter {
  readonly #backend: LeaseBackend;
  readonly #expiresAfter: number;
  readonly #clock: Clock;
  readonly #watched = new Map<TaskKey, Watched>();
  #cancel: (() => void) | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;
  #isPolling = false;

  constructor(backend: LeaseBackend, expiresAfter: number, clock: Clock) {
    this.#backend = backend;
    this.#expiresAfter = expiresAfter;
    this.#clock = clock;
  }

  whenFree(key: TaskKey, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const watched = this.#watch(key);
      const abort = () => {
        watched.waiters.delete(waiter);
        if (watched.waiters.size === 0) this.#forget(watched);
        reject(signal.reason);
      };
      const waiter: Waiter = {
        resolve: () => {
          signal.removeEventListener('abort', abort);
          resolve();
        },
        reject: (reason) => {
          signal.removeEventListener('abort', abort);
          reject(reason);
        },
      };
      signal.addEventListener('abort', abort, { once: true });
      watched.waiters.add(waiter);
    });
  }

  /** A lease was released in this process. */
  notifyFree(key: TaskKey): void {
    const watched = this.#watched.get(key);
    if (watched) this.#resolve(watched);
  }

  /** Rejects all waiters. */
  end(reason: unknown): void {
    for (const watched of [...this.#watched.values()]) this.#reject(watched, reason);
  }

  #watch(key: TaskKey): Watched {
    const known = this.#watched.get(key);
    if (known) return known;
    const now = this.#clock.now();
    const pause = Math.min(firstPoll, this.#longestPause);
    const watched: Watched = {
      key,
      waiters: new Set(),
      since: now,
      lastPoll: now,
      nextPoll: now + pause,
      pause,
      seen: undefined,
      silentFor: 0,
    };
    this.#watched.set(key, watched);
    this.#wakeAt(watched.nextPoll);
    return watched;
  }

  get #longestPause(): number {
    return Math.min(longestPause, this.#expiresAfter / minPollsPerTerm);
  }

  #wakeAt(time: number): void {
    if (this.#isPolling || time >= this.#wakesAt) return;
    this.#cancel?.();
    this.#wakesAt = time;
    this.#cancel = this.#clock.after(Math.max(0, time - this.#clock.now()), () => void this.#poll(), true);
  }

  async #poll(): Promise<void> {
    this.#isPolling = true;
    this.#wakesAt = Number.POSITIVE_INFINITY;
    this.#cancel = undefined;
    const now = this.#clock.now();
    const due = [...this.#watched.values()].filter(
      ({ nextPoll, pause }) => nextPoll <= now + pause * (togetherFactor - 1),
    );
    try {
      const seen = await this.#backend.peek(due.map(({ key }) => key));
      await Promise.all(due.map((watched, i) => this.#handle(watched, seen[i], now)));
    } catch (error) {
      for (const watched of due) this.#reject(watched, error);
    }
    this.#isPolling = false;
    let next = Number.POSITIVE_INFINITY;
    for (const { nextPoll } of this.#watched.values()) next = Math.min(next, nextPoll);
    if (next < Number.POSITIVE_INFINITY) this.#wakeAt(next);
  }

  /** Handles the answer for one lease. */
  async #handle(watched: Watched, seen: string | undefined, now: number): Promise<void> {
    if (seen === undefined) return this.#resolve(watched);
    // Counts only the time in which this process polled: it may have been suspended togetherFactor with the owner.
    const passed = Math.min(now - watched.lastPoll, 2 * watched.pause);
    watched.silentFor = seen === watched.seen ? watched.silentFor + passed : 0;
    watched.seen = seen;
    // The poll may have taken long, so the time of the sign of life is unknown.
    watched.lastPoll = this.#clock.now();
    watched.pause = Math.min(this.#longestPause, Math.max(firstPoll, (now - watched.since) * pauseFraction));
    watched.nextPoll = watched.lastPoll + watched.pause;
    if (this.#backend.breakLease === undefined || watched.silentFor < this.#expiresAfter) return;
    await this.#backend.breakLease(watched.key, seen);
    this.#resolve(watched);
  }

  #resolve(watched: Watched): void {
    this.#forget(watched);
    for (const { resolve } of watched.waiters) resolve();
  }

  #reject(watched: Watched, reason: unknown): void {
    this.#forget(watched);
    for (const { reject } of watched.waiters) reject(reason);
  }

  #forget(watched: Watched): void {
    if (this.#watched.get(watched.key) === watched) this.#watched.delete(watched.key);
    if (this.#watched.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#wakesAt = Number.POSITIVE_INFINITY;
  }
}
