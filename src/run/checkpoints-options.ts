import type { Graph } from '../graph/graph';
import type { Keys } from '../graph/key';
import type { Layers } from '../storage/layers';
import type { KnownMarks } from '../storage/marks/known-marks';
import type { TaskRef } from '../task/ref';
import type { Directories } from './directories';
import type { Forced } from './forced';

/** What checkpoints need of a run. */
export interface CheckpointsOptions {
  readonly layers: Layers;
  readonly graph: Graph;
  readonly keys: Keys;
  /** The clear marks, read once a run. */
  readonly marks: KnownMarks;
  readonly rerunsChangedSource: boolean;
  /** What is computed anew whatever is saved. */
  readonly forced?: Forced | undefined;
  readonly directories: Directories;
  /** The graph of refs that are not in this one, and its keys as they are today. */
  readonly prepare: (refs: readonly TaskRef<unknown>[]) => Promise<{ readonly graph: Graph; readonly keys: Keys }>;
}
