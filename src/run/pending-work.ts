import { Semaphore } from './queues';
import type { InFlightCounter } from './run-state';

/** The limit of pending writes, large ones counted several times; beyond it, no new tasks start. */
const mostWrites = 1_024;

/** The pending work of one execution: tasks, loads, writes, waits. The execution lasts until all of it is over. */
export class PendingWork {
  /** The slots of pending writes. */
  readonly writes = new Semaphore(mostWrites, 'writes');
  readonly #inFlight: InFlightCounter;
  /** Promises by node: a finished node keeps its slots until its promise settles. */
  readonly #slotHolds = new Map<number, Promise<void>>();
  #count = 0;
  #onChange: () => void = () => {};
  #onError: (error: unknown) => void = () => {};

  constructor(inFlight: InFlightCounter) {
    this.#inFlight = inFlight;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /**
   * Sets the callbacks of the scheduler.
   *
   * @param onChange called when some work is over, or a node is ready again
   * @param onError called for internal errors
   */
  listen(onChange: () => void, onError: (error: unknown) => void): void {
    this.#onChange = onChange;
    this.#onError = onError;
  }

  /** Reports that a node is ready again. */
  wake(): void {
    this.#onChange();
  }

  /** Keeps the execution open during an operation that ends by itself. */
  track(pending: PromiseLike<unknown>): void {
    this.#inFlight.begin();
    this.wait(pending);
    pending.then(this.#inFlight.end, this.#inFlight.end);
  }

  /** Keeps the execution open during a wait that other work of the same run ends. */
  wait(pending: PromiseLike<unknown>): void {
    this.#count++;
    pending.then(
      () => {
        this.#count--;
        this.#onChange();
      },
      (error) => this.#onError(error),
    );
  }

  /** Keeps a node's slots until a promise settles, such as that of a timed-out attempt; a later call replaces it. */
  holdSlots(index: number, until: Promise<void>): void {
    this.#slotHolds.set(index, until);
  }

  /** Removes and returns the promise until which a finished node keeps its slots. */
  removeSlotHold(index: number): Promise<void> | undefined {
    const until = this.#slotHolds.get(index);
    if (until) this.#slotHolds.delete(index);
    return until;
  }
}
