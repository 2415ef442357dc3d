import type { TaskKey } from '../../task/context';
import type { NodeInfo } from '../events';

/** A task in a plan, and the action that a run would take. */
export type PlannedNode = NodeInfo & {
  /** The keys of its requirements. */
  readonly requires: readonly TaskKey[];
  /**
   * The keys of the refs in its result. For a task to load, present when its result holds refs. For a task to run, the
   * refs of its last result, or undefined when unknown: then a run may need tasks beyond the plan.
   */
  readonly names?: readonly TaskKey[];
} & (
    | { readonly action: 'load'; readonly seconds: number }
    | { readonly action: 'run'; readonly why: string }
    | { readonly action: 'not-needed' }
    /** Its necessity depends on the result of a task to run; `likely` is the action if it is needed. */
    | { readonly action: 'unknown'; readonly why: string; readonly likely: 'load' | 'run' }
  );

/** The expected actions of a run, given the saved results and if tasks return the same result for the same key. */
export interface Plan {
  /** Each after its requirements; the targets are last. */
  readonly nodes: readonly PlannedNode[];
  readonly toRun: number;
  readonly toLoad: number;
  /** The number of tasks whose necessity depends on results of tasks to run. */
  readonly unknown: number;
}
