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
import type { OpenCall } from './open-calls';
import type { GraphFingerprints } from './prepare-graph';
import type { Queue } from './queues';
import type { Reporter } from './reporter';
import type { InFlightCounter, RunState } from './run-state';
import type { TaskDirectories } from './task-directories';

/** What all executions of one run share. */
export interface RunContext {
  /** Tells runs apart, whatever process they are in. */
  readonly runId: string;
  readonly container: Container;
  /** Where results are. */
  readonly layers: StorageStack;
  /** The runner's limits. */
  readonly limits: ConcurrencyLimits;
  readonly queueOf: (node: GraphNode) => Queue;
  /** Where checkpoints are loaded, with the limit on how many at once. */
  readonly loadQueue: Queue;
  /** The async context of the run. */
  readonly scope: RunScope;
  /** What the run waits for, in case that never ends. */
  readonly call: OpenCall;
  readonly state: RunState;
  readonly signal: AbortSignal;
  readonly inFlight: InFlightCounter;
  readonly directories: TaskDirectories;
  /** What runs of this process compute in the same storage. */
  readonly computations: RunComputations;
  /** What runs the refs in results. */
  readonly refResolver: RefResolver;
  /** What is computed anew whatever is saved; undefined when nothing is. */
  readonly forced: ForceSet | undefined;
  readonly warned: IssuedWarnings;
  readonly onStorageError: 'fail' | 'compute';
  readonly warnsOfChangedSource: boolean;
  readonly freezes: boolean;
}

/** One graph of a run, as an execution gets it. */
export interface RunGraph {
  readonly graph: Graph;
  readonly keys: NodeKeys;
  readonly fingerprints: GraphFingerprints;
  /** Undefined when no task of the graph is saved. */
  readonly checkpoints: Checkpoints | undefined;
  /** Why checkpoints could not be had at all. */
  readonly storageFailure: { readonly error: unknown } | undefined;
  readonly isForced: (index: number) => boolean;
  readonly reporter: Reporter;
  readonly purpose: Purpose;
}

/** What the targets of a graph are for. */
export interface Purpose {
  /** Whether refs in the results of targets are run as well; when not, such results are given as they are. */
  readonly resolvesTargets: boolean;
  /** Whether something comes from the targets, which has to know what they came from. */
  readonly isTraced: boolean;
  /** How the targets came to be required, when a result held refs to them. */
  readonly refPath: RefPath | undefined;
}

/** What a run has warned of. */
export interface IssuedWarnings {
  ofStorage: boolean;
  /** How many damaged checkpoints were found. */
  damaged: number;
  /** How many were found that are not encrypted and have to be. */
  plain: number;
  readonly sources: Set<string>;
  /** Tasks whose results contain unstorable secrets. */
  readonly secrets: Set<string>;
}
