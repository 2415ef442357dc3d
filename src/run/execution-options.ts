import type { Graph } from '../graph/graph';
import type { NodeKeys } from '../graph/key';
import type { GraphNode } from '../graph/node';
import type { StorageStack } from '../storage/storage-stack';
import type { Container } from '../task/container';
import type { RunScope } from './async-context';
import type { Checkpoints } from './checkpoints';
import type { ConcurrencyLimits } from './concurrency-limits';
import type { RefPath, RefResolver } from './dynamic/resolve-refs';
import type { ForceSet } from './force-set';
import type { RunComputations } from './join/computations';
import type { IdenticalRuns } from './join/identical-runs';
import type { OpenCall } from './open-calls';
import type { GraphFingerprints } from './prepare-graph';
import type { Queue } from './queues';
import type { Reporter } from './reporter';
import type { InFlightCounter, RunState } from './run-state';
import type { IssuedWarnings } from './storage-error-policy';
import type { TaskDirectories } from './task-directories';

/** All that one run needs to know. */
export interface ExecutionOptions {
  readonly graph: Graph;
  readonly keys: NodeKeys;
  readonly fingerprints: GraphFingerprints;
  /** Undefined when no task of the graph is saved. */
  readonly checkpoints: Checkpoints | undefined;
  /** Where results are. */
  readonly layers: StorageStack;
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
  readonly forced: ForceSet | undefined;
  readonly container: Container;
  /** The runner's limits. */
  readonly capacity: ConcurrencyLimits;
  readonly laneOf: (node: GraphNode) => Queue;
  readonly scope: RunScope;
  /** What the run waits for, in case that never ends. */
  readonly call: OpenCall;
  /** Where checkpoints are loaded, with the limit on how many at once. */
  readonly loadLane: Queue;
  readonly state: RunState;
  readonly warned: IssuedWarnings;
  readonly onStorageError: 'fail' | 'compute';
  readonly warnsOfChangedSource: boolean;
  readonly freezes: boolean;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  readonly activity: InFlightCounter;
  readonly directories: TaskDirectories;
  /** What runs the refs in results. */
  readonly dynamic: RefResolver;
  /** Whether refs in the results of targets are run as well; when not, such results are given as they are. */
  readonly resolvesTargets: boolean;
  /** Whether something comes from the targets, which has to know what they came from. */
  readonly isTraced: boolean;
  /** How the targets came to be required, when a result held refs to them. */
  readonly way: RefPath | undefined;
}
