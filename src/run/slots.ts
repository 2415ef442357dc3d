import { TidemarkError } from '../error';

/** A limit on how much runs at once, shared by all runs that it holds for. */
export class Slots {
  readonly limit: number;
  #used = 0;
  readonly #waiting = new Set<() => void>();

  /** @throws {TidemarkError} when the limit is no number from 1 on */
  constructor(limit: number, what: string) {
    if (!(Number.isInteger(limit) || limit === Number.POSITIVE_INFINITY) || limit < 1) {
      throw new TidemarkError(`the concurrency of ${what} must be a whole number from 1 on, but is ${limit}`);
    }
    this.limit = limit;
  }

  get isFull(): boolean {
    return this.#used >= this.limit;
  }

  /** @param weight how many slots; more than are free may be taken, which makes others wait the longer */
  take(weight = 1): void {
    this.#used += weight;
  }

  /** Gives slots back and wakes those who wait for one, who waits longest first, until it is taken. */
  release(weight = 1): void {
    this.#used -= weight;
    if (this.#waiting.size === 0) return;
    for (const wake of [...this.#waiting]) {
      if (this.isFull) break;
      this.#waiting.delete(wake);
      wake();
    }
  }

  /** Calls back once when a slot is given back. */
  whenFree(wake: () => void): void {
    this.#waiting.add(wake);
  }
}
