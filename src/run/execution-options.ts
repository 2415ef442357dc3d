import type { Graph } from '../graph/graph';
import type { Keys } from '../graph/key';
import type { GraphNode } from '../graph/node';
import type { Layers } from '../storage/layers';
import type { Container } from '../task/container';
import type { Activity } from './activity';
import type { Capacity } from './capacity';
import type { Checkpoints } from './checkpoints';
import type { RunComputations } from './computations';
import type { Directories } from './directories';
import type { Dynamic } from './dynamic';
import type { GraphFingerprints } from './fingerprints';
import type { Forced } from './forced';
import type { IdenticalRuns } from './identical-runs';
import type { Lane } from './lanes';
import type { OpenCall } from './open-calls';
import type { Reporter } from './reporter';
import type { RunScope } from './run-scope';
import type { RunState } from './run-state';
import type { Warned } from './storage-faults';
import type { Way } from './way';

/** All that one run needs to know. */
export interface ExecutionOptions {
  readonly graph: Graph;
  readonly keys: Keys;
  readonly fingerprints: GraphFingerprints;
  /** Undefined when no task of the graph is saved. */
  readonly checkpoints: Checkpoints | undefined;
  /** Where results are. */
  readonly layers: Layers;
  /** Tells runs apart, whatever process they are in. */
  readonly runId: string;
  /** Why checkpoints could not be had at all. */
  readonly storageFailure: { readonly error: unknown } | undefined;
  /** What runs of this process compute in the same storage. */
  readonly computations: RunComputations;
  /** The other runs of the runner, for an execution that may leave work to one that is identical. */
  readonly identicalRuns: IdenticalRuns | undefined;
  readonly isForced: (index: number) => boolean;
  /** The same for the whole run; undefined when nothing is. */
  readonly forced: Forced | undefined;
  readonly container: Container;
  /** The runner's limits. */
  readonly capacity: Capacity;
  readonly laneOf: (node: GraphNode) => Lane;
  readonly scope: RunScope;
  /** What the run waits for, in case that never ends. */
  readonly call: OpenCall;
  /** Where checkpoints are loaded, with the limit on how many at once. */
  readonly loadLane: Lane;
  readonly state: RunState;
  readonly warned: Warned;
  readonly onStorageError: 'fail' | 'compute';
  readonly warnsOfChangedSource: boolean;
  readonly freezes: boolean;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  readonly activity: Activity;
  readonly directories: Directories;
  /** What runs the refs in results. */
  readonly dynamic: Dynamic;
  /** Whether refs in the results of targets are run as well; when not, such results are given as they are. */
  readonly resolvesTargets: boolean;
  /** Whether something comes from the targets, which has to know what they came from. */
  readonly isTraced: boolean;
  /** How the targets came to be required, when a result held refs to them. */
  readonly way: Way | undefined;
}
