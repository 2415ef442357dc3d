import { TidemarkError } from '../base/error';
import type { Executor } from '../executors/executor';
import type { GraphNode } from '../graph/node';
import type { TaskDefinition } from '../task/definition';

/** A limit on how much runs at once, as one kind of run sees it. */
interface SemaphoreView {
  readonly isFull: boolean;
  /** The slots for runs that tasks started: these may use parked ones, so that they never wait for their parents. */
  readonly nested: SemaphoreView;
  /** @param weight how many slots; more than are free may be taken, which makes others wait the longer */
  acquire(weight?: number): void;
  release(weight?: number): void;
  /** Calls back once when a slot is free. */
  onFree(wake: () => void): void;
  /** The holder of a slot waits for a run that it started: until it resumes, such runs may use the slot. */
  park(): void;
  /** The holder of a parked slot goes on: a promise when the slot is in use, which is fulfilled once it is free again. */
  resume(): Promise<void> | undefined;
  /** The holder of a parked slot is over. */
  unpark(): void;
}

/** A limit on how much runs at once, shared by all runs that it holds for. */
export class Semaphore implements SemaphoreView {
  readonly limit: number;
  #used = 0;
  /** How many of the used slots have holders that only wait for runs that they started. */
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

  /** Whether even the parked slots are in use. */
  get isFullForNested(): boolean {
    return this.#used - this.#parked >= this.limit;
  }

  acquire(weight = 1): void {
    this.#used += weight;
  }

  /** Gives slots back and wakes those who wait for one, who waits longest first, until it is taken. */
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

/** Calls those who wait, who waits longest first, until the slots are taken. */
function wakeUntilFull(waiting: Set<() => void>, slots: SemaphoreView): void {
  for (const wake of [...waiting]) {
    if (slots.isFull) return;
    waiting.delete(wake);
    wake();
  }
}

/** Where a task runs: an executor, and how many may run there at once. */
export interface QueueOptions {
  /** How many of the queue's tasks run at once. @default as many as the executor takes */
  readonly concurrency?: number;
  /** @default the runner's */
  readonly executor?: Executor;
}

/** What a task goes through to run: the limit of its queue, if that has one, and its executor with that one's limit. */
export interface Queue {
  readonly queue: SemaphoreView | undefined;
  readonly executor: Executor;
  readonly executorSlots: SemaphoreView;
}

/** The queues of a runner, by name. Their limits hold across all of its runs. */
export class Queues {
  readonly #byName = new Map<string, Queue>();
  readonly #byTask = new WeakMap<TaskDefinition, Queue>();
  /** Where tasks run whose queue is not named. */
  readonly defaultQueue: Queue;
  readonly #base: Queues | undefined;
  /** Take back what executors were told of queues. */
  readonly #undo: (() => void)[] = [];

  /** @param base what holds for queues that are not named here */
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

  /** The run is over whose queues these are. */
  release(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }

  readonly get = ({ task }: GraphNode): Queue => {
    let lane = this.#byTask.get(task);
    if (!lane) {
      lane = this.getByName(task.queue);
      this.#byTask.set(task, lane);
    }
    return lane;
  };

  /** That of a queue. */
  getByName(queue: string): Queue {
    return this.#byName.get(queue) ?? this.#base?.getByName(queue) ?? this.defaultQueue;
  }
}
