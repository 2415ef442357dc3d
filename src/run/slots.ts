import { TidemarkError } from '../error';

/** A limit on how much runs at once, as one kind of run sees it. */
export interface SlotsView {
  readonly isFull: boolean;
  /** The slots for runs that tasks started: these may use parked ones, so that they never wait for their parents. */
  readonly nested: SlotsView;
  /** @param weight how many slots; more than are free may be taken, which makes others wait the longer */
  take(weight?: number): void;
  release(weight?: number): void;
  /** Calls back once when a slot is free. */
  whenFree(wake: () => void): void;
  /** The holder of a slot waits for a run that it started: until it resumes, such runs may use the slot. */
  park(): void;
  /** The holder of a parked slot goes on: a promise when the slot is in use, which is fulfilled once it is free again. */
  resume(): Promise<void> | undefined;
  /** The holder of a parked slot is over. */
  unpark(): void;
}

/** A limit on how much runs at once, shared by all runs that it holds for. */
export class Slots implements SlotsView {
  readonly limit: number;
  #used = 0;
  /** How many of the used slots have holders that only wait for runs that they started. */
  #parked = 0;
  readonly #waiting = new Set<() => void>();
  readonly #resuming: (() => void)[] = [];
  #nested: NestedSlots | undefined;

  /** @throws {TidemarkError} when the limit is not a whole number >= 1 */
  constructor(limit: number, what: string) {
    if (!(Number.isInteger(limit) || limit === Number.POSITIVE_INFINITY) || limit < 1) {
      throw new TidemarkError(`the concurrency of ${what} must be a whole number >= 1, but is ${limit}`);
    }
    this.limit = limit;
  }

  get isFull(): boolean {
    return this.#used >= this.limit;
  }

  get nested(): SlotsView {
    return (this.#nested ??= new NestedSlots(this));
  }

  /** Whether even the parked slots are in use. */
  get isFullForNested(): boolean {
    return this.#used - this.#parked >= this.limit;
  }

  take(weight = 1): void {
    this.#used += weight;
  }

  /** Gives slots back and wakes those who wait for one, who waits longest first, until it is taken. */
  release(weight = 1): void {
    this.#used -= weight;
    this.#wake();
  }

  whenFree(wake: () => void): void {
    this.#waiting.add(wake);
  }

  park(): void {
    this.#parked++;
    this.#wake();
  }

  resume(): Promise<void> | undefined {
    if (!this.#mayResume) return new Promise((resolve) => this.#resuming.push(resolve));
    this.#parked--;
    return undefined;
  }

  unpark(): void {
    this.#parked--;
  }

  get #mayResume(): boolean {
    return this.#used - this.#parked < this.limit;
  }

  /** Those who resume come first, since others may wait for what they hold besides; then runs that tasks started. */
  #wake(): void {
    while (this.#resuming.length > 0 && this.#mayResume) {
      this.#parked--;
      this.#resuming.shift()!();
    }
    this.#nested?.wake();
    if (this.#waiting.size > 0) wakeUntilFull(this.#waiting, this);
  }
}

class NestedSlots implements SlotsView {
  readonly nested = this;
  readonly #slots: Slots;
  readonly #waiting = new Set<() => void>();

  constructor(slots: Slots) {
    this.#slots = slots;
  }

  wake(): void {
    wakeUntilFull(this.#waiting, this);
  }

  get isFull(): boolean {
    return this.#slots.isFullForNested;
  }

  take(weight?: number): void {
    this.#slots.take(weight);
  }

  release(weight?: number): void {
    this.#slots.release(weight);
  }

  whenFree(wake: () => void): void {
    this.#waiting.add(wake);
  }

  park(): void {
    this.#slots.park();
  }

  resume(): Promise<void> | undefined {
    return this.#slots.resume();
  }

  unpark(): void {
    this.#slots.unpark();
  }
}

/** Calls those who wait, who waits longest first, until the slots are taken. */
function wakeUntilFull(waiting: Set<() => void>, slots: SlotsView): void {
  for (const wake of [...waiting]) {
    if (slots.isFull) return;
    waiting.delete(wake);
    wake();
  }
}
