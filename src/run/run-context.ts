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

/** The state and services that all executions of one run share. */
export interface RunContext {
  /** Identifies the run across processes. */
  readonly runId: string;
  readonly container: Container;
  /** The storage of results. */
  readonly layers: StorageStack;
  /** The runner's limits. */
  readonly limits: ConcurrencyLimits;
  readonly queueOf: (node: GraphNode) => Queue;
  /** The queue in which checkpoints are loaded, with its limit. */
  readonly loadQueue: Queue;
  /** The async context of the run. */
  readonly scope: RunScope;
  /** The user code that the run waits for, so that it can be named when it never settles. */
  readonly call: OpenCall;
  readonly state: RunState;
  readonly signal: AbortSignal;
  readonly inFlight: InFlightCounter;
  readonly directories: TaskDirectories;
  /** The keys that runs of this process are computing in the same storage. */
  readonly computations: RunComputations;
  /** Runs the refs in results. */
  readonly refResolver: RefResolver;
  /** The tasks that are recomputed even if they are saved; undefined when there are none. */
  readonly forced: ForceSet | undefined;
  readonly warned: IssuedWarnings;
  readonly onStorageError: 'fail' | 'compute';
  readonly warnsOfChangedSource: boolean;
  readonly freezes: boolean;
}

/** One graph of a run, as its execution receives it. */
export interface RunGraph {
  readonly graph: Graph;
  readonly keys: NodeKeys;
  readonly fingerprints: GraphFingerprints;
  /** Undefined when no task of the graph is saved. */
  readonly checkpoints: Checkpoints | undefined;
  /** The error that made all checkpoints unavailable. */
  readonly storageFailure: { readonly error: unknown } | undefined;
  readonly isForced: (index: number) => boolean;
  readonly reporter: Reporter;
  readonly purpose: Purpose;
}

/** The purpose of a graph's targets. */
export interface Purpose {
  /** Runs the refs in the results of targets; when false, such results are returned with their refs. */
  readonly resolvesTargets: boolean;
  /** True when something depends on the targets and needs their provenance. */
  readonly isTraced: boolean;
  /** The path by which the targets came to be required, when a result held refs to them. */
  readonly refPath: RefPath | undefined;
}

/** The warnings that a run has given. */
export interface IssuedWarnings {
  ofStorage: boolean;
  /** The number of damaged checkpoints found. */
  damaged: number;
  /** The number of checkpoints found that are not encrypted but have to be. */
  plain: number;
  readonly sources: Set<string>;
  /** Tasks whose results contain unstorable secrets. */
  readonly secrets: Set<string>;
}
