import type { GraphNode } from '../graph/node';
import type { Container } from '../task/container';
import type { TaskContext } from '../task/context';

/** One attempt at a task: all that is needed to run it. */
export interface Job {
  readonly node: GraphNode;
  /** The values of the task's requirements, in the order of its definition. */
  readonly requirements: readonly unknown[];
  readonly context: TaskContext;
  readonly container: Container;
}

/** What runs tasks. */
export interface Executor {
  readonly name: string;
  /** Runs a task; gives its result or a promise of it, and throws or rejects with what it threw. */
  execute(job: Job): unknown;
  /** Lets go of what it holds. */
  close?(): Promise<void>;
}
