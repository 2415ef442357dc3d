import { AsyncLocalStorage } from 'node:async_hooks';
import type { GraphNode } from '../graph/node';
import type { TaskKey } from '../task/context';
import type { Lane } from './lanes';

const running = new AsyncLocalStorage<RunningTask>();

/** An attempt at a task in this process, as the runs see it that the task starts. */
export class RunningTask {
  readonly node: GraphNode;
  /** Identifies the runner, and the run. */
  readonly runner: object;
  readonly run: object;
  /** The task that started the run that this one belongs to. */
  readonly parent: RunningTask | undefined;
  /** The key that only this process may compute just now, when there is a lease for it. */
  readonly leasedKey: TaskKey | undefined;
  readonly #lane: Lane;
  /** How many runs it started that are not over. */
  #nestedRuns = 0;
  #isOver = false;

  constructor(options: {
    node: GraphNode;
    runner: object;
    run: object;
    parent: RunningTask | undefined;
    leasedKey: TaskKey | undefined;
    lane: Lane;
  }) {
    this.node = options.node;
    this.runner = options.runner;
    this.run = options.run;
    this.parent = options.parent;
    this.leasedKey = options.leasedKey;
    this.#lane = options.lane;
  }

  /** The task whose code runs now; undefined outside of tasks, and in what a task left behind. */
  static get current(): RunningTask | undefined {
    const task = running.getStore();
    return task === undefined || task.#isOver ? undefined : task;
  }

  /** The current task, the one that started its run, and so on. */
  static all(): readonly RunningTask[] {
    return [...chain(RunningTask.current)];
  }

  /** Calls the task's code. */
  enter<T>(call: () => T): T {
    return running.run(this, call);
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
  for (let task = first; task; task = task.parent) yield task;
}
