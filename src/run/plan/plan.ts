import type { TaskKey } from '../../task/context';
import type { NodeInfo } from '../events';

/** What would happen to a task. */
export type PlannedNode = NodeInfo & {
  /** The keys of what it requires. */
  readonly requires: readonly TaskKey[];
  /**
   * The keys of what its result names, as refs: of a task to load, when its result holds some. Of one to run, what its
   * last result named, and undefined when that is not known: then more than the plan has may turn out to be needed.
   */
  readonly names?: readonly TaskKey[];
} & (
    | { readonly action: 'load'; readonly seconds: number }
    | { readonly action: 'run'; readonly why: string }
    | { readonly action: 'not-needed' }
    /** Whether it is needed depends on what something gives that is to run: what that is, and what would happen then. */
    | { readonly action: 'unknown'; readonly why: string; readonly likely: 'load' | 'run' }
  );

/** What a run would do, from what is saved now, if tasks give the same for the same key as they did before. */
export interface Plan {
  /** Each after what it requires; what was asked for is last. */
  readonly nodes: readonly PlannedNode[];
  readonly toRun: number;
  readonly toLoad: number;
  /** Those of which it is not known before something ran whether they are needed. */
  readonly unknown: number;
}
