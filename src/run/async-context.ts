import { AsyncResource } from 'node:async_hooks';
import { asyncStorage } from '../base/shared-state';
import type { GraphNode } from '../graph/node';
import type { TaskKey } from '../task/context';
import type { Queue } from './queues';

const running = asyncStorage<RunningTask>('runningTask');

/** One run, as far as others that wait for it need to know. */
export interface RunLink {
  /** The task that started the run, and is taken to wait for it. */
  readonly parent: RunningTask | undefined;
}

/** A key that is being computed, and the runs that wait for it. */
export interface AwaitedKey {
  readonly key: TaskKey;
  readonly waiting: Iterable<RunLink>;
}

/** Where a task runs. */
export interface TaskOrigin {
  /** Identifies the runner. */
  readonly runner: object;
  /** Identifies the run. */
  readonly run: object;
  readonly link: RunLink;
}

/** An attempt at a task in this process, as the runs see it that the task starts. */
export class RunningTask {
  readonly node: GraphNode;
  readonly origin: TaskOrigin;
  /** The key that only this process may compute just now, when there is a lease for it. */
  leasedKey: TaskKey | undefined;
  /** What the task computes, when other runs of this process may wait for it. */
  computation: AwaitedKey | undefined;
  readonly #queue: Queue;
  /** How many runs it started that are not over. */
  #nestedRuns = 0;
  #isOver = false;

  constructor(node: GraphNode, lane: Queue, origin: TaskOrigin) {
    this.node = node;
    this.#queue = lane;
    this.origin = origin;
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
    this.#queue.queue?.park();
    this.#queue.executorSlots.park();
  }

  /** A run is over that the task started: the task has its slots again, once they are free. */
  async endNestedRun(): Promise<void> {
    if (this.#isOver || --this.#nestedRuns > 0) return;
    await this.#queue.queue?.resume();
    await this.#queue.executorSlots.resume();
  }

  /** The attempt is over, whether or not the runs are that it started. */
  end(): void {
    this.#isOver = true;
    // What the task left behind, such as a timer, may hold this object for long.
    this.computation = undefined;
    if (this.#nestedRuns === 0) return;
    this.#queue.queue?.unpark();
    this.#queue.executorSlots.unpark();
  }
}

/** A task, the one that started its run, and so on. */
export function* chain(first: RunningTask | undefined): IterableIterator<RunningTask> {
  for (let task = first; task; task = task.origin.link.parent) yield task;
}

/**
 * The keys that would wait for each other in a circle if a run waited for one of them; undefined when none would. The
 * one that it would wait for is the first.
 *
 * A task waits for the runs that it started, a run for the computations that it joined. The search begins at the run
 * and goes back to all that wait for it.
 */
export function findCircle(run: RunLink, computation: AwaitedKey): readonly AwaitedKey[] | undefined {
  const seen = new Set<RunLink>();
  const waiting: { readonly run: RunLink; readonly way: readonly AwaitedKey[] }[] = [{ run, way: [] }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { parent } = next.run;
    if (seen.has(next.run) || !parent || parent.isOver) continue;
    seen.add(next.run);
    const { computation: own } = parent;
    const way = own ? [own, ...next.way] : next.way;
    if (own === computation) return way;
    waiting.push({ run: parent.origin.link, way });
    for (const other of own?.waiting ?? []) waiting.push({ run: other, way });
  }
  return undefined;
}

/** The async context in which a run was started: all code of tasks and hooks is called in it, whatever wakes the run. */
export class RunScope {
  /** The task that started the run. */
  readonly parent = RunningTask.current;
  readonly #resource = new AsyncResource('TidemarkRun');

  /** Calls a function in the context. What it changes there, by `enterWith`, ends with the call and what it started. */
  enter<T>(call: () => T): T {
    // Before Node 24, `enterWith` changes the resource itself, so each call has one of its own.
    return this.#resource.runInAsyncScope(newResource).runInAsyncScope(call);
  }
}

function newResource(): AsyncResource {
  return new AsyncResource('TidemarkCall');
}
