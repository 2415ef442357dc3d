import { TidemarkError } from '../base/error';
import { emitWarning, guardedWarning } from '../base/warnings';
import type { Graph } from '../graph/graph';
import { KnownMarks } from '../storage/marks/known-marks';
import type { StorageStack } from '../storage/storage-stack';
import type { Container } from '../task/container';
import type { TaskDefinition } from '../task/definition';
import { DeclarationError } from '../task/errors';
import type { RunScope } from './async-context';
import type { ConcurrencyLimits } from './concurrency-limits';
import { RefResolver } from './dynamic/resolve-refs';
import type { EventStream } from './events';
import { Execution } from './execution';
import { ForceSet } from './force-set';
import type { RunComputations } from './join/computations';
import type { IdenticalRuns } from './join/identical-runs';
import type { OpenCall } from './open-calls';
import type { RunnerOptions, RunOptions } from './options';
import type { GraphPreparer, PreparedGraph } from './prepare-graph';
import { Reporter } from './reporter';
import type { Purpose, RunContext } from './run-context';
import { InFlightCounter, type RunState } from './run-state';
import type { RunCounters } from './summary';
import type { TaskDirectories } from './task-directories';

/** @param known the tasks of the run's other graphs by name @throws {DeclarationError} when two classes share a name */
function assertNoNamesakes({ tasks }: Graph, known: Map<string, TaskDefinition>): void {
  for (const task of tasks) {
    if ((known.get(task.name) ?? task) !== task)
      throw new DeclarationError(`two classes in one run have the name ${task.name}; rename one: @Task({ name: … })`);
    known.set(task.name, task);
  }
}

/** @throws {TidemarkError} when a task runs once everywhere and the storage has no leases */
function assertLeases(graph: Graph, layers: StorageStack): void {
  const task = graph.tasks.find(({ isOnceEverywhere }) => isOnceEverywhere);
  if (!task || layers.leases || layers.writes.length === 0) return;
  throw new TidemarkError(
    `${task.name} is to run once everywhere, but ${layers.location} has no leases: use files or Redis (in a chain: as the last layer that is written), or leave out once: 'everywhere'`,
  );
}

/** The names already warned of, by listener: the `onWarning` of a runner. */
const warnedNames = new WeakMap<object, Set<string>>();

/**
 * Warns once for each name of a saved task that may lead to the results of another class.
 *
 * @param listener receives each warning once, across runs
 */
function warnOfNames(tasks: readonly TaskDefinition[], listener: object, warn: (message: string) => void): void {
  for (const { name, namesakes, isNameUnstable } of tasks) {
    if (!isNameUnstable && !namesakes?.areSeveral) continue;
    let names = warnedNames.get(listener);
    if (!names) warnedNames.set(listener, (names = new Set()));
    const tell = (problem: string, message: string) => {
      if (names.has(`${problem} ${name}`)) return;
      names.add(`${problem} ${name}`);
      warn(message);
    };
    if (namesakes?.areSeveral)
      tell(
        'several',
        `several classes called ${name} are saved in this process, and their results have the same keys: what one of them saved here is computed again for another, but what another process saved is not told apart. Give each a name of its own: @Task({ name: … })`,
      );
    if (isNameUnstable)
      tell(
        'unstable',
        `the class ${name} is saved under a name that looks like one of a minifier or bundler: after another build it may be the name of another class, whose results would be loaded, and its own not found. Give it one: @Task({ name: '…' }), or build with names kept (esbuild: keepNames, terser: keep_classnames)`,
      );
  }
}

/** The parts of a runner that its runs use. */
export interface RunSource {
  readonly options: RunnerOptions;
  readonly container: Container;
  readonly layers: StorageStack;
  readonly preparer: GraphPreparer;
  readonly limits: ConcurrencyLimits;
  readonly identicalRuns: IdenticalRuns;
  /** Creates the task directories of one run. */
  readonly makeDirectories: () => TaskDirectories;
}

/** The parts of one run that exist from its start. */
interface RunParts {
  readonly runId: string;
  readonly events: EventStream;
  readonly counters: RunCounters;
  readonly directories: TaskDirectories;
  readonly state: RunState;
  readonly signal: AbortSignal;
  readonly scope: RunScope;
  readonly call: OpenCall;
  readonly computations: RunComputations;
}

/** The default limit of results that hold refs to each other. */
const mostNested = 10_000;

/** Creates the executions of one run: one for its target, and one for the refs in each result. */
export class ExecutionFactory {
  readonly #source: RunSource;
  readonly #parts: RunParts;
  readonly #context: RunContext;
  readonly #marks: KnownMarks;
  /** The tasks of all graphs, by name. */
  readonly #tasks = new Map<string, TaskDefinition>();
  readonly #onWarning: (message: string) => void;
  readonly #warn: (message: string) => void;

  constructor(source: RunSource, options: RunOptions, parts: RunParts) {
    const { onWarning = emitWarning } = source.options;
    this.#source = source;
    this.#parts = parts;
    this.#marks = new KnownMarks(source.layers.all);
    this.#onWarning = onWarning;
    this.#warn = guardedWarning((message) => parts.scope.enter(() => onWarning(message)));
    this.#context = this.#makeContext(options);
  }

  /** Creates the execution of the run's target. */
  makeRoot(prepared: PreparedGraph): Promise<Execution> {
    const { computations, scope } = this.#parts;
    // A run that a task starts waits only for nodes that have a slot already: the task may hold the last one.
    const isJoining = computations.joins && !this.#context.forced && !scope.parent;
    const purpose = { resolvesTargets: true, isTraced: false, refPath: undefined };
    return this.#make(prepared, purpose, isJoining ? this.#source.identicalRuns : undefined);
  }

  #makeContext(options: RunOptions): RunContext {
    const { container, layers, limits, preparer } = this.#source;
    const { runId, directories, state, signal, scope, call, computations } = this.#parts;
    const {
      onStorageError = 'fail',
      sourceChange = 'warn',
      freeze = true,
      maxNodes = mostNested,
    } = this.#source.options;
    const inFlight = new InFlightCounter();
    const startChild = async (structure: unknown, purpose: Purpose) =>
      this.#make(await preparer.prepare(structure, call), purpose, undefined);
    return Object.freeze({
      ...{ runId, container, layers, limits, scope, call, state, signal, inFlight, directories, computations },
      queueOf: limits.queuesFor(runId, { queues: options.queues, isNested: scope.parent !== undefined }),
      loadQueue: limits.loadQueue,
      refResolver: new RefResolver(startChild, state, inFlight, maxNodes),
      forced: ForceSet.from(options.force),
      warned: { ofStorage: false, damaged: 0, plain: 0, sources: new Set<string>(), secrets: new Set<string>() },
      onStorageError,
      warnsOfChangedSource: sourceChange === 'warn',
      freezes: freeze,
    });
  }

  async #make(prepared: PreparedGraph, purpose: Purpose, identicalRuns: IdenticalRuns | undefined): Promise<Execution> {
    const { layers, preparer } = this.#source;
    const { directories, call, events, counters } = this.#parts;
    const { forced } = this.#context;
    const { graph, keys, fingerprints } = prepared;
    assertNoNamesakes(graph, this.#tasks);
    directories.assertHasHome(graph);
    assertLeases(graph, layers);
    const marks = this.#marks;
    const found = await preparer.checkpointsFor({ graph, keys, layers, directories, marks, forced }, call).then(
      (checkpoints) => ({ checkpoints, storageFailure: undefined }),
      (error: unknown) => ({ checkpoints: undefined, storageFailure: { error } }),
    );
    const { hasUnknownKey } = fingerprints;
    const reporter = new Reporter({ graph, keys, hasUnknownKey, events, counters, onWarning: this.#warn });
    warnOfNames(graph.tasks, this.#onWarning, (message) => reporter.warn(undefined, message));
    const isForced = forced ? forced.matcherFor(graph, keys) : () => false;
    return new Execution(this.#context, { ...prepared, ...found, isForced, reporter, purpose }, identicalRuns);
  }
}
