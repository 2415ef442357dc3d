import { AsyncResource } from 'node:async_hooks';
import { asyncStorage } from '../base/shared-state';
import type { GraphNode } from '../graph/node';
import type { TaskKey } from '../task/context';
import type { Queue } from './queues';

const running = asyncStorage<RunningTask>('runningTask');

/** One run, as a link in a chain of waits. */
export interface RunLink {
  /** The task that started the run, and is assumed to wait for it. */
  readonly parent: RunningTask | undefined;
}

/** A key in computation, and the runs that wait for it. */
export interface AwaitedKey {
  readonly key: TaskKey;
  readonly waiting: Iterable<RunLink>;
}

/** The runner and run of a task. */
export interface TaskOrigin {
  /** Identifies the runner. */
  readonly runner: object;
  /** Identifies the run. */
  readonly run: object;
  readonly link: RunLink;
}

/** An attempt at a task in this process, as seen by runs that the task starts. */
export class RunningTask {
  readonly node: GraphNode;
  readonly origin: TaskOrigin;
  /** The key for which this process holds a lease, if any. */
  leasedKey: TaskKey | undefined;
  /** The computation of the task's key, when other runs of this process may wait for it. */
  computation: AwaitedKey | undefined;
  readonly #queue: Queue;
  /** The number of its runs that are not over. */
  #nestedRuns = 0;
  #isOver = false;

  constructor(node: GraphNode, queue: Queue, origin: TaskOrigin) {
    this.node = node;
    this.#queue = queue;
    this.origin = origin;
  }

  /** The task whose code runs now; undefined outside of tasks, and in callbacks that outlive their task. */
  static get current(): RunningTask | undefined {
    const task = running.getStore();
    return task === undefined || task.isOver ? undefined : task;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The current task, the task that started its run, and so on. */
  static all(): readonly RunningTask[] {
    return [...chain(RunningTask.current)];
  }

  /** Calls the task's code. Changes that it makes by `enterWith` are confined to it and the operations it starts. */
  enter<T>(call: () => T): T {
    // Before Node 24, `enterWith` changes the current resource itself, so each task gets its own.
    return new AsyncResource('TidemarkTask').runInAsyncScope(() => {
      running.enterWith(this);
      return call();
    });
  }

  /** Lends the task's slots to the runs that it starts, until these are over. */
  beginNestedRun(): void {
    if (this.#nestedRuns++ > 0) return;
    this.#queue.queue?.park();
    this.#queue.executorSlots.park();
  }

  /** Ends a run that the task started: the task gets its slots back, once they are free. */
  async endNestedRun(): Promise<void> {
    if (this.#isOver || --this.#nestedRuns > 0) return;
    await this.#queue.queue?.resume();
    await this.#queue.executorSlots.resume();
  }

  /** Ends the attempt, even if runs that it started go on. */
  end(): void {
    this.#isOver = true;
    // A timer or another callback of the task may keep this object in memory.
    this.computation = undefined;
    if (this.#nestedRuns === 0) return;
    this.#queue.queue?.unpark();
    this.#queue.executorSlots.unpark();
  }
}

/** A task, the task that started its run, and so on. */
export function* chain(first: RunningTask | undefined): IterableIterator<RunningTask> {
  for (let task = first; task; task = task.origin.link.parent) yield task;
}

/**
 * The cycle of keys that would wait for each other if a run waited for one of them, which is the first in the list;
 * undefined when there is no cycle.
 *
 * A task waits for the runs that it started, a run for the computations that it joined. The search starts at the run
 * and follows these waits backwards.
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

/** The async context in which a run was started: code of tasks and hooks is called in it, whatever wakes the run. */
export class RunScope {
  readonly parent = RunningTask.current;
  readonly #resource = new AsyncResource('TidemarkRun');

  /** Calls a function in the context. Changes that it makes by `enterWith` are confined to the call. */
  enter<T>(call: () => T): T {
    // Before Node 24, `enterWith` changes the resource itself, so each call gets its own.
    return this.#resource.runInAsyncScope(newResource).runInAsyncScope(call);
  }
}

function newResource(): AsyncResource {
  return new AsyncResource('TidemarkCall');
}
