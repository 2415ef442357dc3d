/// <reference lib="esnext.disposable" preserve="true" />
import { TidemarkError } from '../error';
import { inline } from '../executors/inline';
import { folderOf } from '../graph/key';
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
import { Capacity } from './capacity';
import { Directories } from './directories';
import { freshInstances } from './fresh-instances';
import { makePlan } from './make-plan';
import { checkRunnerOptions, type RunnerOptions, type RunOptions } from './options';
import type { Plan } from './plan';
import { type Prepared, Preparer } from './prepare';
import type { Run, StartedRun } from './run';
import type { ParamsAndOptions, ParamsFor, ResultOf, Runnable } from './runnable';
import { startRun } from './start-run';

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
  readonly #preparer: Preparer;
  readonly #capacity: Capacity;
  /** Where directories are that the storage does not keep. */
  readonly #directories: DirectoryFolder | undefined;
  readonly #underWay = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  /** @throws {TidemarkError} for options that cannot be: an unknown one, a concurrency below 1, a storage that is none */
  constructor(options: RunnerOptions = {}) {
    checkRunnerOptions(options);
    const { storage, container = typediContainer, executor = inline() } = options;
    if (typeof executor?.execute !== 'function')
      throw new TidemarkError(`the executor is ${String(executor)}; give one such as inline()`);
    if (typeof container?.resolve !== 'function')
      throw new TidemarkError('the container has no method resolve(cls) that makes an instance of a class');
    this.#options = options;
    this.#container = freshInstances(container);
    this.#capacity = new Capacity(executor, options.concurrency, options.queues);
    this.#preparer = new Preparer({
      container: this.#container,
      maxNodes: options.maxNodes,
      rerunsChangedSource: options.sourceChange === 'rerun',
      isClosed: () => this.#closing !== undefined,
    });
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
    const directories = new Directories(layers, this.#directories);
    const marks = new Map<string, ClearMarks>();
    const open = async ({ graph, keys }: Prepared) => {
      directories.refuseHomeless(graph);
      return {
        graph,
        keys,
        checkpoints: await this.#preparer.checkpointsFor({ graph, keys, layers, directories, marks }),
      };
    };
    const prepared = await this.#preparer.prepareWithKeys(targetOf(what, rest).target);
    try {
      return await makePlan(await open(prepared), async (refs) => open(await this.#preparer.prepareWithKeys(refs)));
    } finally {
      await directories.end();
    }
  }

  /** The key of a task's result. */
  async key<const W extends TaskClass | TaskRef<unknown>>(what: W, ...rest: ParamsFor<W>): Promise<TaskKey> {
    const { graph, keys } = await this.#preparer.prepareWithKeys(targetOf(what, rest).target);
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
    const { graph, keys } = await this.#preparer.prepareWithKeys(targetOf(what, rest).target);
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
    await this.#capacity.close();
    // A storage that was passed in may be in use elsewhere.
    if (this.#opensStorage) await this.storage.close();
  }

  async #clearAll(task: TaskDefinition, layers: Layers): Promise<readonly TaskKey[]> {
    this.#preparer.refuseIfClosed();
    const folder = folderOf(task);
    await layers.mark(folder);
    return layers.clearTask(folder, this.#directories);
  }

  #start(what: unknown, rest: readonly unknown[]): StartedRun<unknown> {
    const source = {
      options: this.#options,
      container: this.#container,
      layers: scoped(this.storage.layers),
      preparer: this.#preparer,
      capacity: this.#capacity,
      directories: this.#directories,
    };
    const { run, done } = startRun(source, () => targetOf(what, rest));
    this.#underWay.add(done);
    void done.then(() => this.#underWay.delete(done));
    return run;
  }
}

function targetOf(what: unknown, rest: readonly unknown[]): { readonly target: unknown; readonly options: RunOptions } {
  if (!isClass(what)) return { target: what, options: (rest[0] as RunOptions | undefined) ?? {} };
  return {
    target: TaskRef.of(what, { ...(rest[0] as object | undefined) }),
    options: (rest[1] as RunOptions | undefined) ?? {},
  };
}
