import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { TidemarkError } from '../base/error';
import { onAbort } from '../base/on-abort';
import { emitWarning, guardedWarning } from '../base/warnings';
import type { NeverSettledError } from '../executors/errors';
import type { Graph } from '../graph/graph';
import type { TaskDirectoryStore } from '../storage/directories/task-directory-store';
import { KnownMarks } from '../storage/marks/known-marks';
import type { StorageStack } from '../storage/storage-stack';
import type { Container } from '../task/container';
import type { TaskDefinition } from '../task/definition';
import { DeclarationError } from '../task/errors';
import { RunScope } from './async-context';
import type { ConcurrencyLimits } from './concurrency-limits';
import { RefResolver } from './dynamic/resolve-refs';
import { RunFailedError, tasksFailed } from './errors';
import { EventStream } from './events';
import { Execution } from './execution';
import type { ExecutionOptions } from './execution-options';
import { ForceSet } from './force-set';
import { RunComputations } from './join/computations';
import type { IdenticalRuns } from './join/identical-runs';
import { OpenCall } from './open-calls';
import { checkRunOptions, type RunnerOptions, type RunOptions } from './options';
import type { GraphPreparer, PreparedGraph } from './prepare-graph';
import { startReport } from './report';
import { Reporter } from './reporter';
import { StartedRun, type Stop } from './run-handle';
import { InFlightCounter, RunState } from './run-state';
import { RunCounters, type RunSummary } from './summary';
import { TaskDirectories } from './task-directories';
import { warnOfNames } from './warn-of-names';

/** What a run needs of its runner. */
export interface RunSource {
  readonly options: RunnerOptions;
  readonly container: Container;
  readonly layers: StorageStack;
  readonly preparer: GraphPreparer;
  readonly capacity: ConcurrencyLimits;
  readonly identicalRuns: IdenticalRuns;
  /** Where directories are that the storage does not keep. */
  readonly directories: TaskDirectoryStore | undefined;
}

/** A run that has been started, and when all of it is over. */
export interface StartingRun {
  readonly run: StartedRun<unknown>;
  readonly done: Promise<void>;
}

/** So many results may hold refs to each other, unless a runner says something else. */
const mostNested = 10_000;

/** What belongs to one run from its start. */
interface RunParts {
  readonly runId: string;
  readonly events: EventStream;
  readonly tally: RunCounters;
  readonly directories: TaskDirectories;
  readonly state: RunState;
  readonly signal: AbortSignal;
  readonly scope: RunScope;
  readonly call: OpenCall;
  readonly computations: RunComputations;
}

/** Starts a run. @param open gives what is wanted and how; what it throws is how the run ends */
export function startRun(
  source: RunSource,
  open: () => { readonly target: unknown; readonly options: RunOptions },
): StartingRun {
  const { options: ofRunner, layers, preparer, capacity } = source;
  const events = new EventStream();
  const report = ofRunner.report && startReport(events);
  const tally = new RunCounters();
  const scope = new RunScope();
  const { parent } = scope;
  parent?.beginNestedRun();
  const call = new OpenCall();
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  let state: RunState | undefined;
  let isStopped = false;
  let letGo = () => {};
  // Listeners on a task's signal belong to the run.
  const end: Stop = ({ cancel, reason }) =>
    scope.enter(() => {
      isStopped = true;
      if (cancel) controller.abort(reason);
      state?.stop();
    });
  /** Whether the run was well when its owner ended it. */
  let wasWell: boolean | undefined;
  const stop: Stop = (how) => {
    wasWell ??= !state || (state.errors.length === 0 && !state.fatal);
    end(how);
  };
  const isExpected = () =>
    wasWell === true && state !== undefined && !state.fatal && (controller.signal.aborted || state.errors.length === 0);
  const execute = async () => {
    const { target, options } = open();
    checkRunOptions(options);
    const { signal } = options;
    if (signal) letGo = onAbort(signal, () => end({ cancel: true, reason: signal.reason }));
    const prepared = await call.unlessStuck(preparer.prepare(target, call));
    if (report) report.expect(prepared.graph);
    const runState = new RunState(options.onFailure ?? ofRunner.onFailure ?? 'stop');
    state = runState;
    if (isStopped) state.stop();
    call.onNeverSettled = (error) => neverSettled(error, runState, tally);
    const directories = new TaskDirectories(layers, source.directories);
    const runId = randomBytes(8).toString('hex');
    const joins = options.join ?? ofRunner.join ?? true;
    const computations = new RunComputations(layers, parent, joins);
    const parts = { runId, events, tally, directories, state, signal: controller.signal, scope, call, computations };
    try {
      const execution = await call.unlessStuck(rootExecution(source, prepared, options, parts));
      return await call.unlessStuck(
        execution.run(options.force === true ? { ...options, restore: undefined } : options),
      );
    } finally {
      call.end();
      computations.close();
      await directories.end();
      await capacity.endRun(runId);
    }
  };
  const executeNested = async () => {
    try {
      return await execute();
    } finally {
      call.end();
      await parent?.endNestedRun();
    }
  };
  const executed = executeNested();
  const summary = executed.then(
    () => tally.summary(),
    (error) => {
      if (state) return tally.summary();
      throw error;
    },
  );
  const ended = summary.then(
    (made: RunSummary) => events.isHeard && events.emit({ type: 'run-finished', summary: made }),
    () => {},
  );
  const done = ended.then(() => {
    letGo();
    events.end();
  });
  // A report has the last word before the program prints what it got.
  const result = report ? settledAfter(executed, report.ended) : executed;
  return { run: new StartedRun({ result, summary, events, stop, isExpected }), done };
}

/** The execution of what a run is for; it starts others for the refs that results hold. */
async function rootExecution(
  { options: ofRunner, container, layers, preparer, capacity, identicalRuns }: RunSource,
  prepared: PreparedGraph,
  options: RunOptions,
  { runId, events, tally, directories, state, signal, scope, call, computations }: RunParts,
): Promise<Execution> {
  const { onStorageError = 'fail', sourceChange = 'warn', freeze: freezes = true, onWarning = emitWarning } = ofRunner;
  const warn = guardedWarning((message) => scope.enter(() => onWarning(message)));
  const activity = new InFlightCounter();
  const start = async (structure: unknown, how: Omit<How, 'identicalRuns'>) =>
    execution(await preparer.prepare(structure, call), { ...how, identicalRuns: undefined });
  const dynamic = new RefResolver(start, state, activity, ofRunner.maxNodes ?? mostNested);
  const marks = new KnownMarks(layers.all);
  const forced = ForceSet.from(options.force);
  const tasks = new Map<string, TaskDefinition>();
  const shared = {
    container,
    capacity,
    scope,
    call,
    laneOf: capacity.queuesFor(runId, { queues: options.queues, isNested: scope.parent !== undefined }),
    loadLane: capacity.loadQueue,
    state,
    warned: { ofStorage: false, damaged: 0, plain: 0, sources: new Set<string>(), secrets: new Set<string>() },
    onStorageError,
    warnsOfChangedSource: sourceChange === 'warn',
    freezes,
    signal,
    activity,
    directories,
    dynamic,
    runId,
    layers,
    forced,
    computations,
  };
  const execution = async ({ graph, keys, fingerprints }: PreparedGraph, how: How): Promise<Execution> => {
    assertNoNamesakes(graph, tasks);
    directories.assertHasHome(graph);
    assertLeases(graph, layers);
    const found = await preparer.checkpointsFor({ graph, keys, layers, directories, marks, forced }, call).then(
      (checkpoints) => ({ checkpoints, storageFailure: undefined }),
      (error: unknown) => ({ checkpoints: undefined, storageFailure: { error } }),
    );
    const reporter = new Reporter({
      graph,
      keys,
      isKeyless: fingerprints.hasUnknownKey,
      events,
      tally,
      onWarning: warn,
    });
    warnOfNames(graph.tasks, onWarning, (message) => reporter.warn(undefined, message));
    const isForced = forced ? forced.matcherFor(graph, keys) : () => false;
    return new Execution({ graph, keys, fingerprints, ...found, isForced, reporter, ...shared, ...how });
  };
  // What a task starts itself never waits for more than what has a slot already: the task may hold the last one.
  const isJoining = computations.joins && !forced && !scope.parent;
  return execution(prepared, {
    resolvesTargets: true,
    isTraced: false,
    way: undefined,
    identicalRuns: isJoining ? identicalRuns : undefined,
  });
}

type How = Pick<ExecutionOptions, 'resolvesTargets' | 'isTraced' | 'way' | 'identicalRuns'>;

/** @param known the tasks of the run's other graphs by name @throws {DeclarationError} when one is another class in this one */
function assertNoNamesakes({ tasks }: Graph, known: Map<string, TaskDefinition>): void {
  for (const task of tasks) {
    if ((known.get(task.name) ?? task) !== task)
      throw new DeclarationError(`two classes in one run have the name ${task.name}; rename one: @Task({ name: … })`);
    known.set(task.name, task);
  }
}

/** @throws {TidemarkError} when a task is to run once everywhere, and the storage has no way to see to that */
function assertLeases(graph: Graph, layers: StorageStack): void {
  const task = graph.tasks.find(({ isOnceEverywhere }) => isOnceEverywhere);
  if (!task || layers.leases || layers.writes.length === 0) return;
  throw new TidemarkError(
    `${task.name} is to run once everywhere, but ${layers.location} has no leases: use files or Redis (in a chain: as the last layer that is written), or leave out once: 'everywhere'`,
  );
}

/** The error of a run that waits for something that never ends. */
function neverSettled(error: NeverSettledError, { errors }: RunState, tally: RunCounters): RunFailedError {
  const summary = tally.summary();
  return errors.length > 0 ? tasksFailed(errors, summary) : new RunFailedError(error.message, [], summary, error);
}

/** The same result, once something else is over as well. */
async function settledAfter<T>(result: Promise<T>, other: Promise<unknown>): Promise<T> {
  try {
    return await result;
  } finally {
    await other;
  }
}
