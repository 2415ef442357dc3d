import { type Awaitable, andThen } from '../base/awaitable';
import { TidemarkError } from '../base/error';
import { userPath } from '../base/user-path';
import type { Executor } from '../executors/executor';
import { folderOf } from '../graph/key';
import { clearResult, clearTask } from '../storage/clear-results';
import { TaskDirectoryStore } from '../storage/directories/task-directory-store';
import { KnownMarks } from '../storage/marks/known-marks';
import { withOpenScopes } from '../storage/scope';
import type { Storage } from '../storage/storage';
import type { StorageStack } from '../storage/storage-stack';
import type { CheckedContainer, Container } from '../task/container';
import type { TaskKey } from '../task/context';
import { definitionOf, type TaskDefinition } from '../task/definition';
import { DeclarationError } from '../task/errors';
import { TaskRef } from '../task/ref';
import { isClass } from '../task/requires';
import { RunningTask } from './async-context';
import { ConcurrencyLimits } from './concurrency-limits';
import { IdenticalRuns } from './join/identical-runs';
import { OpenCall } from './open-calls';
import type { RunnerOptions, RunOptions } from './options';
import { makePlan } from './plan/make-plan';
import type { Plan } from './plan/plan';
import { GraphPreparer, type PreparedGraph, type PreparerOptions } from './prepare-graph';
import type { StartedRun } from './run-handle';
import { startRun } from './start-run';
import { TaskDirectories } from './task-directories';

type Class<T> = new (...services: any[]) => T;

/** A container that rejects a missing instance, and one that it has returned before, which would mix up tasks. */
function requireFreshInstances(container: Container): Container & Partial<CheckedContainer> {
  const { refuse } = container as Partial<CheckedContainer>;
  return {
    resolve: <T extends object>(cls: Class<T>): Awaitable<T> =>
      andThen(container.resolve(cls), (instance) => marked(instance, cls)),
    ...(refuse && { refuse }),
  };
}

function marked<T extends object>(instance: T, cls: Class<T>): T {
  if (typeof instance !== 'object' || instance === null)
    throw new DeclarationError(`the container gave ${String(instance)} for ${cls.name}`);
  if (Mark.isOn(instance)) {
    throw new DeclarationError(
      `the container gave the same instance twice for ${cls.name}; a task needs a new one each time: make the class transient, and do not put @Service() on it`,
    );
  }
  new Mark(instance);
  return instance;
}

class ReturnsItself {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: the fields of a subclass are defined on that object
    return object;
  }
}

/** Marks an object with a private field; a WeakSet would cost more than a small task does. */
class Mark extends ReturnsItself {
  readonly #isMarked = true;

  static isOn(object: object): boolean {
    return #isMarked in object && object.#isMarked;
  }
}

/** The dependencies of an engine. */
export interface EngineOptions {
  readonly options: RunnerOptions;
  readonly container: Container;
  readonly executor: Executor;
  readonly storage: Storage;
  /** Closes the storage together with the engine. */
  readonly ownsStorage: boolean;
}

/** The untyped core of a runner: starts runs, makes plans, clears results. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #container: Container;
  readonly #preparerOptions: PreparerOptions;
  readonly #limits: ConcurrencyLimits;
  /** The folder for directories that the storage does not keep. */
  readonly #directories: TaskDirectoryStore | undefined;
  readonly #identicalRuns = new IdenticalRuns();
  readonly #activeRuns = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(engineOptions: EngineOptions) {
    const { options, container, executor } = engineOptions;
    this.#options = engineOptions;
    const fresh = requireFreshInstances(container);
    this.#container = fresh;
    this.#limits = new ConcurrencyLimits(executor, options);
    const { refuse } = fresh;
    this.#preparerOptions = {
      container: {
        ...fresh,
        // Tasks in workers are created there, by another container.
        ...(refuse && {
          refuse: (cls) => {
            if (!this.#limits.executorOf(definitionOf(cls).queue).isRemote) refuse(cls);
          },
        }),
      },
      maxNodes: options.maxNodes,
      rerunsChangedSource: options.sourceChange === 'rerun',
      isClosed: () => this.#closing !== undefined,
    };
    this.#directories =
      options.directories === undefined ? undefined : new TaskDirectoryStore(userPath(options.directories));
  }

  /** @param rest params, when `what` is a class, then options */
  start(what: unknown, rest: readonly unknown[]): StartedRun<unknown> {
    const layers = this.#layers();
    const source = {
      options: this.#options.options,
      container: this.#container,
      layers,
      preparer: this.#preparer(),
      limits: this.#limits,
      identicalRuns: this.#identicalRuns,
      makeDirectories: () => new TaskDirectories(layers, this.#directories),
    };
    const { run, done } = startRun(source, () => targetOf(what, rest));
    this.#activeRuns.add(done);
    void done.then(() => this.#activeRuns.delete(done));
    return run;
  }

  plan(what: unknown, rest: readonly unknown[]): Promise<Plan> {
    return OpenCall.during((call) => this.#plan(targetOf(what, rest).target, call));
  }

  async #plan(target: unknown, call: OpenCall): Promise<Plan> {
    const layers = this.#layers();
    const directories = new TaskDirectories(layers, this.#directories);
    const marks = new KnownMarks(layers.all);
    const preparer = this.#preparer();
    const open = async ({ graph, keys }: PreparedGraph) => {
      directories.assertHasHome(graph);
      return {
        graph,
        keys,
        checkpoints: await preparer.checkpointsFor({ graph, keys, layers, directories, marks }, call),
      };
    };
    const prepared = await preparer.prepareWithKeys(target, call);
    try {
      return await makePlan(await open(prepared), async (refs) => open(await preparer.prepareWithKeys(refs, call)));
    } finally {
      await directories.end();
    }
  }

  async key(what: unknown, rest: readonly unknown[]): Promise<TaskKey> {
    const { graph, keys } = await this.#prepareWithKeys(what, rest);
    return keys.get(graph.targets[0]!.index);
  }

  async clear(what: unknown, rest: readonly unknown[]): Promise<readonly TaskKey[]> {
    const layers = this.#layers();
    if (isClass(what) && rest[0] === undefined) return this.#clearAll(definitionOf(what), layers);
    const { graph, keys } = await this.#prepareWithKeys(what, rest);
    const deleted: TaskKey[] = [];
    for (const { index } of graph.targets) {
      const key = keys.get(index);
      if (await clearResult(layers, key, this.#directories)) deleted.push(key);
    }
    return deleted;
  }

  /** Waits for active runs, then closes executors and the storage. */
  close(): Promise<void> {
    const task = RunningTask.all().find(({ origin }) => origin.runner === this.#limits);
    if (task)
      return Promise.reject(
        new TidemarkError(
          `${task.node} closes the runner that it runs in, which would wait for itself: close the runner outside of its tasks`,
        ),
      );
    return (this.#closing ??= OpenCall.during(() => this.#close()));
  }

  #prepareWithKeys(what: unknown, rest: readonly unknown[]): Promise<PreparedGraph> {
    return OpenCall.during((call) => this.#preparer().prepareWithKeys(targetOf(what, rest).target, call));
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#activeRuns);
    await this.#limits.close();
    // A storage that the caller passed in may be in use elsewhere.
    if (this.#options.ownsStorage) await this.#options.storage.close();
  }

  async #clearAll(task: TaskDefinition, layers: StorageStack): Promise<readonly TaskKey[]> {
    this.#preparer().assertOpen();
    return clearTask(layers, folderOf(task), this.#directories);
  }

  /** Creates a preparer for each run and call, since defaults are evaluated per run. */
  #preparer(): GraphPreparer {
    return new GraphPreparer(this.#preparerOptions);
  }

  /** The layers at the place of the call: scopes may add to them. */
  #layers(): StorageStack {
    return withOpenScopes(this.#options.storage.stack);
  }
}

function targetOf(what: unknown, rest: readonly unknown[]): { readonly target: unknown; readonly options: RunOptions } {
  if (!isClass(what)) return { target: what, options: (rest[0] as RunOptions | undefined) ?? {} };
  return {
    target: TaskRef.create(what, { ...(rest[0] as object | undefined) }),
    options: (rest[1] as RunOptions | undefined) ?? {},
  };
}
