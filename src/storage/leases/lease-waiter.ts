import type { TaskKey } from '../../task/context';
import type { LeaseBackend } from './lease';
import type { Clock } from './renewal';

/** A lease is looked at first after so long, and then after this part of the time waited; in milliseconds. */
const firstLook = 20;
const partOfWait = 0.1;
const longestPause = 500;
/** While a lease lasts it is looked at at least so often, to see whether its owner is alive. */
const looksPerTerm = 6;
/** Looks that are due so soon are done at once. */
const together = 1.25;

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** A key whose lease somebody else has. */
interface Watched {
  readonly key: TaskKey;
  readonly waiters: Set<Waiter>;
  readonly since: number;
  lastLook: number;
  nextLook: number;
  pause: number;
  /** What was seen of the owner, and for how long nothing else. */
  seen: string | undefined;
  silentFor: number;
}

/** Watches the leases that others have, until they are free: one timer and one request for all that are due. */
export class LeaseWaiter {
  readonly #board: LeaseBackend;
  readonly #expiresAfter: number;
  readonly #clock: Clock;
  readonly #watched = new Map<TaskKey, Watched>();
  #cancel: (() => void) | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;
  #isLooking = false;

  constructor(board: LeaseBackend, expiresAfter: number, clock: Clock) {
    this.#board = board;
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

  /** A lease was given back in this process. */
  notifyFree(key: TaskKey): void {
    const watched = this.#watched.get(key);
    if (watched) this.#resolve(watched);
  }

  /** Ends all waiting. */
  end(reason: unknown): void {
    for (const watched of [...this.#watched.values()]) this.#reject(watched, reason);
  }

  #watch(key: TaskKey): Watched {
    const known = this.#watched.get(key);
    if (known) return known;
    const now = this.#clock.now();
    const pause = Math.min(firstLook, this.#longestPause);
    const watched: Watched = {
      key,
      waiters: new Set(),
      since: now,
      lastLook: now,
      nextLook: now + pause,
      pause,
      seen: undefined,
      silentFor: 0,
    };
    this.#watched.set(key, watched);
    this.#wakeAt(watched.nextLook);
    return watched;
  }

  get #longestPause(): number {
    return Math.min(longestPause, this.#expiresAfter / looksPerTerm);
  }

  #wakeAt(time: number): void {
    if (this.#isLooking || time >= this.#wakesAt) return;
    this.#cancel?.();
    this.#wakesAt = time;
    this.#cancel = this.#clock.after(Math.max(0, time - this.#clock.now()), () => void this.#look(), true);
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    this.#wakesAt = Number.POSITIVE_INFINITY;
    this.#cancel = undefined;
    const now = this.#clock.now();
    const due = [...this.#watched.values()].filter(({ nextLook, pause }) => nextLook <= now + pause * (together - 1));
    try {
      const seen = await this.#board.peek(due.map(({ key }) => key));
      await Promise.all(due.map((watched, i) => this.#take(watched, seen[i], now)));
    } catch (error) {
      for (const watched of due) this.#reject(watched, error);
    }
    this.#isLooking = false;
    let next = Number.POSITIVE_INFINITY;
    for (const { nextLook } of this.#watched.values()) next = Math.min(next, nextLook);
    if (next < Number.POSITIVE_INFINITY) this.#wakeAt(next);
  }

  /** Decides by what was seen of an owner. */
  async #take(watched: Watched, seen: string | undefined, now: number): Promise<void> {
    if (seen === undefined) return this.#resolve(watched);
    // Only time in which this process was looking counts: it may have been asleep itself, together with the owner.
    const passed = Math.min(now - watched.lastLook, 2 * watched.pause);
    watched.silentFor = seen === watched.seen ? watched.silentFor + passed : 0;
    watched.seen = seen;
    // Asking may have taken long: how long ago the owner showed what was seen, nobody knows.
    watched.lastLook = this.#clock.now();
    watched.pause = Math.min(this.#longestPause, Math.max(firstLook, (now - watched.since) * partOfWait));
    watched.nextLook = watched.lastLook + watched.pause;
    if (this.#board.breakLease === undefined || watched.silentFor < this.#expiresAfter) return;
    await this.#board.breakLease(watched.key, seen);
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
