import type { KeyInputs } from '../graph/key';
import type { GraphNode } from '../graph/node';
import type { RunFacts } from '../storage/layer';
import type { Layers } from '../storage/layers';
import type { TaskKey } from '../task/context';

/** What an executor has to know that takes required results from the run's storage, and keeps results there itself. */
export interface SharedResults {
  /** Tells runs apart, whatever process they are in. */
  readonly runId: string;
  readonly layers: Layers;
  /** What the record of this task's result is to say; undefined when it is not saved. */
  readonly facts: Omit<RunFacts, 'seconds'> | undefined;
  /** What its `fingerprint()` said, of tasks that have one: where it says something else, the result is not saved. */
  readonly fingerprint: string | undefined;
  /** Whether it is computed anew although it may be saved. */
  readonly isForced: boolean;
  /** Whether results that are saved are frozen. @default true */
  readonly freezes?: boolean;
  /** What the task's key is made of besides the task and its params; undefined when it has none. */
  keyInputs(): KeyInputs | undefined;
  /** Key and digest of a required node's result, when that is saved in the storage. */
  savedAs(node: GraphNode): { readonly key: TaskKey; readonly digest: string } | undefined;
}
