import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { sharedState } from '../base/shared-state';
import type { GraphNode } from '../graph/node';
import type { TaskKey } from '../task/context';
import type { Lane } from './lanes';

const running = sharedState('runningTask', () => new AsyncLocalStorage<RunningTask>());

/** Where a task runs. */
export interface TaskOrigin {
  /** Identifies the runner. */
  readonly runner: object;
  /** Identifies the run. */
  readonly run: object;
  /** The task that started the run. */
  readonly parent: RunningTask | undefined;
}

/** An attempt at a task in this process, as the runs see it that the task starts. */
export class RunningTask {
  readonly node: GraphNode;
  readonly origin: TaskOrigin;
  /** The key that only this process may compute just now, when there is a lease for it. */
  readonly leasedKey: TaskKey | undefined;
  readonly #lane: Lane;
  /** How many runs it started that are not over. */
  #nestedRuns = 0;
  #isOver = false;

  constructor(node: GraphNode, lane: Lane, origin: TaskOrigin, leasedKey: TaskKey | undefined) {
    this.node = node;
    this.#lane = lane;
    this.origin = origin;
    this.leasedKey = leasedKey;
  }

  /** The task whose code runs now; undefined outside of tasks, and in what a task left behind. */
  static get current(): RunningTask | undefined {
    const task = running.getStore();
    return task === undefined || task.isOver ? undefined : task;
  }

  /** Whether the attempt is over. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The current task, the one that started its run, and so on. */
  static all(): readonly RunningTask[] {
    return [...chain(RunningTask.current)];
  }

  /** Calls the task's code. What it changes in the async context, by `enterWith`, ends with it and what it started. */
  enter<T>(call: () => T): T {
    // Before Node 24, `enterWith` changes the current resource itself, so each task has one of its own.
    return new AsyncResource('TidemarkTask').runInAsyncScope(() => {
      running.enterWith(this);
      return call();
    });
  }

  /** A run begins that the task started: until it is over, such runs may use the task's slots. */
  beginNestedRun(): void {
    if (this.#nestedRuns++ > 0) return;
    this.#lane.queue?.park();
    this.#lane.executorSlots.park();
  }

  /** A run is over that the task started: the task has its slots again, once they are free. */
  async endNestedRun(): Promise<void> {
    if (this.#isOver || --this.#nestedRuns > 0) return;
    await this.#lane.queue?.resume();
    await this.#lane.executorSlots.resume();
  }

  /** The attempt is over, whether or not the runs are that it started. */
  end(): void {
    this.#isOver = true;
    if (this.#nestedRuns === 0) return;
    this.#lane.queue?.unpark();
    this.#lane.executorSlots.unpark();
  }
}

/** A task, the one that started its run, and so on. */
export function* chain(first: RunningTask | undefined): IterableIterator<RunningTask> {
  for (let task = first; task; task = task.origin.parent) yield task;
}
