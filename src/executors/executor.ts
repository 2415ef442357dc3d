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
  /** How many jobs it takes at once; what is ready beyond that waits in the run, which knows what goes first. @default 64 */
  readonly concurrency?: number;
  /**
   * Runs a task; gives its result or a promise of it, and throws or rejects with what it threw.
   *
   * A result that was made elsewhere may be a `SentResult`, which is decoded only when somebody needs it.
   */
  execute(job: Job): unknown;
  /** Lets go of what it holds. */
  close?(): Promise<void>;
}
