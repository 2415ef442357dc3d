import { TidemarkError } from '../error';
import type { Executor } from '../executors/executor';
import type { GraphNode } from '../graph/node';
import type { TaskDefinition } from '../task/definition';
import { Slots, type SlotsView } from './slots';

/** Where a task runs: an executor, and how many may run there at once. */
export interface QueueOptions {
  /** How many of the queue's tasks run at once. @default as many as the executor takes */
  readonly concurrency?: number;
  /** @default the runner's */
  readonly executor?: Executor;
}

/** What a task goes through to run: the limit of its queue, if that has one, and its executor with that one's limit. */
export interface Lane {
  readonly queue: SlotsView | undefined;
  readonly executor: Executor;
  readonly executorSlots: SlotsView;
}

/** The queues of a runner, by name. Their limits hold across all of its runs. */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  readonly #byTask = new WeakMap<TaskDefinition, Lane>();
  /** Where tasks run whose queue is not named. */
  readonly rest: Lane;
  readonly #base: Lanes | undefined;
  /** Take back what executors were told of queues. */
  readonly #undo: (() => void)[] = [];

  /** @param base what holds for queues that are not named here */
  constructor(
    queues: Readonly<Record<string, QueueOptions>>,
    rest: Lane,
    slotsOf: (executor: Executor) => Slots,
    base?: Lanes,
  ) {
    this.rest = rest;
    this.#base = base;
    for (const [name, { concurrency, executor = rest.executor }] of Object.entries(queues)) {
      if (typeof executor?.execute !== 'function')
        throw new TidemarkError(`the executor of queue ${name} is ${String(executor)}; give one such as inline()`);
      const undo = executor.useQueue?.(name, concurrency);
      if (undo) this.#undo.push(undo);
      this.#lanes.set(name, {
        queue: concurrency === undefined ? undefined : new Slots(concurrency, `queue ${name}`),
        executor,
        executorSlots: slotsOf(executor),
      });
    }
  }

  /** The run is over whose queues these are. */
  letGo(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }

  readonly of = ({ task }: GraphNode): Lane => {
    let lane = this.#byTask.get(task);
    if (!lane) {
      lane = this.named(task.queue);
      this.#byTask.set(task, lane);
    }
    return lane;
  };

  /** That of a queue. */
  named(queue: string): Lane {
    return this.#lanes.get(queue) ?? this.#base?.named(queue) ?? this.rest;
  }
}
