import { TidemarkError } from '../base/error';
import type { Executor } from '../executors/executor';
import type { GraphNode } from '../graph/node';
import type { TaskDefinition } from '../task/definition';

/** A concurrency limit, as one kind of run sees it. */
interface SemaphoreView {
  readonly isFull: boolean;
  /** The slots for runs that tasks started: these may use parked slots, so that they never wait for their parents. */
  readonly nested: SemaphoreView;
  /** @param weight the number of slots; it may exceed the free ones, which makes others wait longer */
  acquire(weight?: number): void;
  release(weight?: number): void;
  /** Calls back once when a slot is free. */
  onFree(wake: () => void): void;
  /** Lends the slot of a holder that waits for a run it started to such runs, until the holder resumes. */
  park(): void;
  /** Resumes the holder of a parked slot: returns a promise of the slot when it is in use. */
  resume(): Promise<void> | undefined;
  /** Ends the parking of a slot whose holder is over. */
  unpark(): void;
}

/** A concurrency limit, shared by all runs to which it applies. */
export class Semaphore implements SemaphoreView {
  readonly limit: number;
  #used = 0;
  /** The number of used slots whose holders only wait for runs that they started. */
  #parked = 0;
  readonly #waiting = new Set<() => void>();
  readonly #resuming: (() => void)[] = [];
  #nested: NestedSemaphore | undefined;

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

  get nested(): SemaphoreView {
    return (this.#nested ??= new NestedSemaphore(this));
  }

  /** True when even the parked slots are in use. */
  get isFullForNested(): boolean {
    return this.#used - this.#parked >= this.limit;
  }

  acquire(weight = 1): void {
    this.#used += weight;
  }

  /** Releases slots and wakes waiters, the longest waiting first, until the slots are taken. */
  release(weight = 1): void {
    this.#used -= weight;
    this.#wake();
  }

  onFree(wake: () => void): void {
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

  /** Wakes resuming holders first, since others may wait for what else they hold; then runs that tasks started. */
  #wake(): void {
    while (this.#resuming.length > 0 && this.#mayResume) {
      this.#parked--;
      this.#resuming.shift()!();
    }
    this.#nested?.wake();
    if (this.#waiting.size > 0) wakeUntilFull(this.#waiting, this);
  }
}

class NestedSemaphore implements SemaphoreView {
  readonly nested = this;
  readonly #semaphore: Semaphore;
  readonly #waiting = new Set<() => void>();

  constructor(slots: Semaphore) {
    this.#semaphore = slots;
  }

  wake(): void {
    wakeUntilFull(this.#waiting, this);
  }

  get isFull(): boolean {
    return this.#semaphore.isFullForNested;
  }

  acquire(weight?: number): void {
    this.#semaphore.acquire(weight);
  }

  release(weight?: number): void {
    this.#semaphore.release(weight);
  }

  onFree(wake: () => void): void {
    this.#waiting.add(wake);
  }

  park(): void {
    this.#semaphore.park();
  }

  resume(): Promise<void> | undefined {
    return this.#semaphore.resume();
  }

  unpark(): void {
    this.#semaphore.unpark();
  }
}

/** Wakes waiters, the longest waiting first, until the slots are taken. */
function wakeUntilFull(waiting: Set<() => void>, slots: SemaphoreView): void {
  for (const wake of [...waiting]) {
    if (slots.isFull) return;
    waiting.delete(wake);
    wake();
  }
}

/** The options of a queue: its executor, and its concurrency. */
export interface QueueOptions {
  /** The number of tasks of the queue that run at the same time. @default the executor's limit */
  readonly concurrency?: number;
  /** @default the runner's */
  readonly executor?: Executor;
}

/** A queue of tasks: its limit, if it has one, and its executor with the executor's limit. */
export interface Queue {
  readonly queue: SemaphoreView | undefined;
  readonly executor: Executor;
  readonly executorSlots: SemaphoreView;
}

/** The queues of a runner, by name. Their limits hold across all of its runs. */
export class Queues {
  readonly #byName = new Map<string, Queue>();
  readonly #byTask = new WeakMap<TaskDefinition, Queue>();
  /** The queue of tasks whose queue has no options. */
  readonly defaultQueue: Queue;
  readonly #base: Queues | undefined;
  /** Functions that undo `useQueue` of executors. */
  readonly #undo: (() => void)[] = [];

  /** @param base the queues for names that are not among `queues` */
  constructor(
    queues: Readonly<Record<string, QueueOptions>>,
    rest: Queue,
    slotsOf: (executor: Executor) => Semaphore,
    base?: Queues,
  ) {
    this.defaultQueue = rest;
    this.#base = base;
    for (const [name, { concurrency, executor = rest.executor }] of Object.entries(queues)) {
      if (typeof executor?.execute !== 'function')
        throw new TidemarkError(`the executor of queue ${name} is ${String(executor)}; give one such as inline()`);
      const undo = executor.useQueue?.(name, concurrency);
      if (undo) this.#undo.push(undo);
      this.#byName.set(name, {
        queue: concurrency === undefined ? undefined : new Semaphore(concurrency, `queue ${name}`),
        executor,
        executorSlots: slotsOf(executor),
      });
    }
  }

  /** Releases the queues of a run that is over. */
  release(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }

  readonly get = ({ task }: GraphNode): Queue => {
    let queue = this.#byTask.get(task);
    if (!queue) {
      queue = this.getByName(task.queue);
      this.#byTask.set(task, queue);
    }
    return queue;
  };

  getByName(queue: string): Queue {
    return this.#byName.get(queue) ?? this.#base?.getByName(queue) ?? this.defaultQueue;
  }
}
