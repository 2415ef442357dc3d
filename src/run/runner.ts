/// <reference lib="esnext.disposable" preserve="true" />
import { randomBytes } from 'node:crypto';
import { TidemarkError } from '../error';
import type { Executor } from '../executors/executor';
import { inline } from '../executors/inline';
import type { Blueprint } from '../graph/blueprint';
import { expand } from '../graph/expand';
import type { Graph } from '../graph/graph';
import { folderOf, Keys } from '../graph/key';
import type { ClearMarks } from '../storage/clear-marks';
import { DirectoryFolder } from '../storage/directories/directory-folder';
import type { Layers } from '../storage/layers';
import { scoped } from '../storage/scope';
import { Storage } from '../storage/storage';
import { type Container, typediContainer } from '../task/container';
import type { TaskKey } from '../task/context';
import { definitionOf, type TaskDefinition } from '../task/definition';
import { TaskRef } from '../task/ref';
import { isClass } from '../task/requires';
import type { TaskClass } from '../task/task-class';
import { Activity } from './activity';
import { Checkpoints, type CheckpointsOptions } from './checkpoints';
import { Directories } from './directories';
import { downstreamOf } from './downstream';
import { Dynamic } from './dynamic';
import { EventStream } from './events';
import { Execution } from './execution';
import type { ExecutionOptions } from './execution-options';
import { fingerprintsOf, type GraphFingerprints } from './fingerprints';
import { freshInstances } from './fresh-instances';
import { Lanes } from './lanes';
import { makePlan } from './make-plan';
import { checkRunnerOptions, checkRunOptions, type RunnerOptions, type RunOptions } from './options';
import type { Plan } from './plan';
import { startReport } from './report';
import { Reporter } from './reporter';
import { type Run, StartedRun, type Stop } from './run';
import { RunState } from './run-state';
import type { ParamsAndOptions, ParamsFor, ResultOf, Runnable } from './runnable';
import { Slots } from './slots';
import { type RunSummary, Tally } from './summary';

const defaultConcurrency = 64;
/** Checkpoints that are being loaded, of storages that do not answer at once. */
const loadsAtOnce = 64;

/**
 * Runs tasks: works out what is needed, loads what is saved, computes the rest, saves what is to be saved.
 *
 * @example
 * const runner = new Runner({ storage: 'file:.tidemark', queues: { gpu: { concurrency: 1 } } });
 * const score = await runner.run(ScoreModel, { path: 'penguins.csv' });
 */
export class Runner {
  readonly storage: Storage;
  readonly #opensStorage: boolean;
  readonly #options: RunnerOptions;
  readonly #container: Container;
  readonly #blueprints = new Map<TaskDefinition, Blueprint>();
  readonly #slots = new Map<Executor, Slots>();
  readonly #lanes: Lanes;
  /** Where directories are that the storage does not keep. */
  readonly #directories: DirectoryFolder | undefined;
  readonly #loads = new Slots(loadsAtOnce, 'loads');
  readonly #underWay = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  /** @throws {TidemarkError} for options that cannot be: an unknown one, a concurrency below 1, a storage that is none */
  constructor(options: RunnerOptions = {}) {
    checkRunnerOptions(options);
    const { storage, container = typediContainer, executor = inline() } = options;
    const { concurrency = executor?.concurrency ?? defaultConcurrency } = options;
    if (typeof executor?.execute !== 'function')
      throw new TidemarkError(`the executor is ${String(executor)}; give one such as inline()`);
    if (typeof container?.resolve !== 'function')
      throw new TidemarkError('the container has no method resolve(cls) that makes an instance of a class');
    this.#options = options;
    this.#container = freshInstances(container);
    this.#slots.set(executor, new Slots(concurrency, 'the runner'));
    this.#lanes = new Lanes(
      options.queues ?? {},
      { queue: undefined, executor, executorSlots: this.#slotsOf(executor) },
      (one) => this.#slotsOf(one),
    );
    this.#directories = options.directories === undefined ? undefined : new DirectoryFolder(options.directories);
    this.storage = storage instanceof Storage ? storage : Storage.open(storage);
    this.#opensStorage = !(storage instanceof Storage) && !this.storage.isShared;
  }

  /**
   * Runs a task, or several, and gives the result.
   *
   * @param what a task class (then its params), a ref, or an array, tuple or record of refs and classes
   * @throws {DeclarationError} before anything runs, when params or requirements are wrong
   * @throws {RunFailedError} when tasks failed
   * @example
   * const [a, b] = await runner.run([task(Score, { seed: 1 }), task(Score, { seed: 2 })]);
   */
  run<const W extends Runnable>(what: W, ...rest: ParamsAndOptions<W>): Promise<ResultOf<W>> {
    return this.#start(what, rest).result as Promise<ResultOf<W>>;
  }

  /** Starts a run; its result, its events and its summary can be had from what is returned. */
  start<const W extends Runnable>(what: W, ...rest: ParamsAndOptions<W>): Run<ResultOf<W>> {
    return this.#start(what, rest) as Run<ResultOf<W>>;
  }

  /**
   * What a run would do: which tasks it would load, and which it would run, and why. Runs nothing.
   *
   * @example
   * const { toRun, nodes } = await runner.plan(ScoreModel, { path: 'penguins.csv' });
   */
  async plan<const W extends Runnable>(what: W, ...rest: ParamsFor<W>): Promise<Plan> {
    const layers = scoped(this.storage.layers);
    const directories = this.#directoriesIn(layers);
    const marks = new Map<string, ClearMarks>();
    const open = async ({ graph, keys }: Prepared) => {
      directories.refuseHomeless(graph);
      return { graph, keys, checkpoints: await this.#checkpointsFor({ graph, keys, layers, directories, marks }) };
    };
    const prepared = await this.#prepareWithKeys(what, rest);
    try {
      return await makePlan(await open(prepared), async (refs) => open(await this.#prepareWithKeys(refs, [])));
    } finally {
      await directories.end();
    }
  }

  /** The key of a task's result. */
  async key<const W extends TaskClass | TaskRef<unknown>>(what: W, ...rest: ParamsFor<W>): Promise<TaskKey> {
    const { graph, keys } = await this.#prepareWithKeys(what, rest);
    return keys.of(graph.targets[0]!.index);
  }

  /**
   * Forgets results and all that came from them, in whatever process or machine: they are computed again when needed.
   *
   * @param what a ref, or a class with params: that result; a class alone: all results of that task
   * @returns the keys of the results that were deleted; what came from them is not searched for, it just no longer counts
   * @example
   * await runner.clear(Choose, { n: 3, k: 3 });
   */
  async clear<const W extends Runnable>(what: W, ...rest: ParamsFor<W>): Promise<readonly TaskKey[]> {
    const layers = scoped(this.storage.layers);
    if (isClass(what) && rest[0] === undefined) return this.#clearAll(definitionOf(what), layers);
    const { graph, keys } = await this.#prepareWithKeys(what, rest);
    const deleted: TaskKey[] = [];
    for (const { index, task } of graph.targets) {
      const key = keys.of(index);
      const folder = folderOf(task);
      // The mark first: without it, what came from the result would go on counting.
      await layers.mark(folder, key.slice(folder.length + 1));
      if (await layers.delete(key, this.#directories)) deleted.push(key);
    }
    return deleted;
  }

  /** Waits for runs under way and lets go of what the runner holds. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    for (const executor of this.#slots.keys()) await executor.close?.();
    // A storage that was passed in may be in use elsewhere.
    if (this.#opensStorage) await this.storage.close();
  }

  #refuseIfClosed(): void {
    if (this.#closing) throw new TidemarkError('the runner is closed');
  }

  async #clearAll(task: TaskDefinition, layers: Layers): Promise<readonly TaskKey[]> {
    this.#refuseIfClosed();
    const folder = folderOf(task);
    await layers.mark(folder);
    return layers.clearTask(folder, this.#directories);
  }

  #start(what: unknown, rest: readonly unknown[]): StartedRun<unknown> {
    const events = new EventStream();
    const report = this.#options.report && startReport(this.#options.report, events);
    const tally = new Tally();
    const controller = new AbortController();
    const layers = scoped(this.storage.layers);
    let state: RunState | undefined;
    let isStopped = false;
    let letGo = () => {};
    const stop: Stop = ({ cancel, reason }) => {
      isStopped = true;
      if (cancel) controller.abort(reason);
      state?.stop();
    };
    const execute = async () => {
      const { target, options } = targetOf(what, rest);
      checkRunOptions(options);
      letGo = follow(options.signal, (reason) => stop({ cancel: true, reason }));
      const prepared = await this.#prepare(target);
      if (report) report.expect(prepared.graph);
      state = new RunState(options.onFailure ?? this.#options.onFailure ?? 'stop');
      if (isStopped) state.stop();
      const directories = this.#directoriesIn(layers);
      const runId = randomBytes(8).toString('hex');
      const parts = { runId, events, tally, layers, directories, state, signal: controller.signal };
      const execution = await this.#rootExecution(prepared, options, parts);
      try {
        return await execution.run(options.force === true ? { ...options, restore: undefined } : options);
      } finally {
        await directories.end();
        for (const executor of this.#slots.keys()) await executor.endRun?.(runId);
      }
    };
    const executed = execute();
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
      this.#underWay.delete(done);
    });
    this.#underWay.add(done);
    // A report has the last word before the program prints what it got.
    const result = report ? settledAfter(executed, report.ended) : executed;
    return new StartedRun(result, summary, events, stop);
  }

  /** The execution of what a run is for; it starts others for the refs that results hold. */
  async #rootExecution(prepared: Prepared, options: RunOptions, parts: RunParts): Promise<Execution> {
    const { runId, events, tally, layers, directories, state, signal } = parts;
    const {
      onStorageError = 'fail',
      sourceChange = 'warn',
      freeze: freezes = true,
      onWarning = emitWarning,
    } = this.#options;
    const lanes = options.queues
      ? new Lanes(options.queues, this.#lanes.rest, (one) => this.#slotsOf(one), this.#lanes)
      : this.#lanes;
    const activity = new Activity();
    const dynamic = new Dynamic(
      async (structure, how) => execution(await this.#prepare(structure), how),
      state,
      activity,
    );
    const marks = new Map<string, ClearMarks>();
    const shared = {
      container: this.#container,
      laneOf: lanes.of,
      loadLane: { ...this.#lanes.rest, executorSlots: this.#loads },
      state,
      warned: { ofStorage: false, sources: new Set<string>() },
      onStorageError,
      warnsOfChangedSource: sourceChange === 'warn',
      freezes,
      signal,
      activity,
      directories,
      dynamic,
      runId,
      layers,
    };
    const execution = async (
      { graph, keys, fingerprints }: Prepared,
      how: Pick<ExecutionOptions, 'resolvesTargets' | 'path'>,
    ): Promise<Execution> => {
      directories.refuseHomeless(graph);
      refuseUnleased(graph, layers);
      const found = await this.#checkpointsFor({ graph, keys, layers, directories, marks }).then(
        (checkpoints) => ({ checkpoints, storageFailure: undefined }),
        (error: unknown) => ({ checkpoints: undefined, storageFailure: { error } }),
      );
      const reporter = new Reporter({ graph, keys, isKeyless: fingerprints.isKeyless, events, tally, onWarning });
      const isForced = forcedIn(graph, options.force);
      return new Execution({ graph, keys, fingerprints, ...found, isForced, reporter, ...shared, ...how });
    };
    return execution(prepared, { resolvesTargets: true, path: [] });
  }

  /** The graph of a target, and the keys of its nodes. */
  async #prepare(target: unknown): Promise<Prepared> {
    this.#refuseIfClosed();
    const graph = await expand(target, {
      container: this.#container,
      blueprints: this.#blueprints,
      maxNodes: this.#options.maxNodes ?? 10_000_000,
    });
    const fingerprints = await fingerprintsOf(graph, this.#container);
    return { graph, fingerprints, keys: new Keys(graph, fingerprints.known) };
  }

  /** Likewise, for those who need every key. @throws what a task's `fingerprint()` threw */
  async #prepareWithKeys(what: unknown, rest: readonly unknown[]): Promise<Prepared> {
    const prepared = await this.#prepare(targetOf(what, rest).target);
    for (const error of prepared.fingerprints.failed.values()) throw error;
    return prepared;
  }

  /** Nothing when no task of the graph is saved: then storage need not be asked at all. */
  async #checkpointsFor(
    parts: Pick<CheckpointsOptions, 'graph' | 'keys' | 'layers' | 'directories' | 'marks'>,
  ): Promise<Checkpoints | undefined> {
    // Once marks were read, there are results that may come from what is in this graph.
    if (parts.marks.size === 0 && !parts.graph.tasks.some(({ save }) => save)) return undefined;
    return Checkpoints.of({
      ...parts,
      rerunsChangedSource: this.#options.sourceChange === 'rerun',
      prepare: (refs) => this.#prepare(refs),
    });
  }

  #directoriesIn(layers: Layers): Directories {
    return new Directories(layers, this.#directories);
  }

  #slotsOf(executor: Executor): Slots {
    let slots = this.#slots.get(executor);
    if (!slots)
      this.#slots.set(
        executor,
        (slots = new Slots(executor.concurrency ?? defaultConcurrency, `the executor ${executor.name}`)),
      );
    return slots;
  }
}

/** What belongs to one run from its start. */
interface RunParts {
  readonly runId: string;
  readonly events: EventStream;
  readonly tally: Tally;
  readonly layers: Layers;
  readonly directories: Directories;
  readonly state: RunState;
  readonly signal: AbortSignal;
}

interface Prepared {
  readonly graph: Graph;
  readonly keys: Keys;
  readonly fingerprints: GraphFingerprints;
}

function targetOf(what: unknown, rest: readonly unknown[]): { readonly target: unknown; readonly options: RunOptions } {
  if (!isClass(what)) return { target: what, options: (rest[0] as RunOptions | undefined) ?? {} };
  return {
    target: TaskRef.of(what, { ...(rest[0] as object | undefined) }),
    options: (rest[1] as RunOptions | undefined) ?? {},
  };
}

/** @throws {TidemarkError} when a task is to run once everywhere, and the storage has no way to see to that */
function refuseUnleased(graph: Graph, layers: Layers): void {
  const task = graph.tasks.find(({ isOnceEverywhere }) => isOnceEverywhere);
  if (!task || layers.leases || layers.writes.length === 0) return;
  throw new TidemarkError(
    `${task.name} is to run once everywhere, but ${layers.location} has no leases: use files or Redis (in a chain: as the last layer that is written), or leave out once: 'everywhere'`,
  );
}

/** Which nodes are computed anew: those of the forced tasks, and what comes from them. */
function forcedIn(graph: Graph, force: RunOptions['force']): (index: number) => boolean {
  if (force === undefined || typeof force === 'boolean') return () => force === true;
  const tasks = new Set(force.map(definitionOf));
  return downstreamOf(graph, (index) => tasks.has(graph.nodes[index]!.task));
}

/** Calls back when a signal aborts, also when it has, until it is let go. */
function follow(signal: AbortSignal | undefined, abort: (reason: unknown) => void): () => void {
  if (!signal) return () => {};
  const listener = () => abort(signal.reason);
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

function emitWarning(message: string): void {
  process.emitWarning(message, { type: 'TidemarkWarning' });
}

/** The same result, once something else is over as well. */
async function settledAfter<T>(result: Promise<T>, other: Promise<unknown>): Promise<T> {
  try {
    return await result;
  } finally {
    await other;
  }
}
