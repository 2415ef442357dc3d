import { Semaphore } from './queues';
import type { InFlightCounter } from './run-state';

/** Results on their way to storage, large ones counted several times; more than this many hold up new tasks. */
const mostWrites = 1_024;

/** What one execution has under way: tasks, loads, writes, waits. The execution goes on until all of it is over. */
export class PendingWork {
  /** Held by results on their way to storage. */
  readonly writes = new Semaphore(mostWrites, 'writes');
  readonly #inFlight: InFlightCounter;
  /** Promises by node, until which a started node keeps its slots although it is over. */
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
   * Sets who starts what becomes possible.
   *
   * @param onChange called when something is over, or ready again
   * @param onError called for a fault of the program itself
   */
  listen(onChange: () => void, onError: (error: unknown) => void): void {
    this.#onChange = onChange;
    this.#onError = onError;
  }

  /** A node is ready again. */
  wake(): void {
    this.#onChange();
  }

  /** Keeps the execution going until something is over that ends by itself. */
  track(pending: PromiseLike<unknown>): void {
    this.#inFlight.begin();
    this.wait(pending);
    pending.then(this.#inFlight.end, this.#inFlight.end);
  }

  /** Keeps the execution going until something is over that other work of the same run has to bring about. */
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

  /** Keeps a started node's slots in use until something else is over, such as an attempt that timed out. Of two, the later counts. */
  holdSlots(index: number, until: Promise<void>): void {
    this.#slotHolds.set(index, until);
  }

  /** Gives until when a node that is over keeps its slots. */
  removeSlotHold(index: number): Promise<void> | undefined {
    const until = this.#slotHolds.get(index);
    if (until) this.#slotHolds.delete(index);
    return until;
  }
}
