/// <reference lib="esnext.disposable" preserve="true" />
import { TidemarkError } from '../base/error';
import { shareClass } from '../base/shared-state';
import { inline } from '../executors/inline';
import { Storage } from '../storage/storage';
import { typediContainer } from '../task/container';
import type { TaskKey } from '../task/context';
import type { TaskRef } from '../task/ref';
import type { TaskClass } from '../task/task-class';
import type { Engine } from './engine';
import {
  checkRunnerOptions,
  type ParamsAndOptions,
  type ParamsFor,
  type ResultOf,
  type Runnable,
  type RunnerOptions,
} from './options';
import type { Plan } from './plan/plan';
import type { Run } from './run-handle';

/**
 * Runs tasks: finds the required tasks, loads saved results, computes the rest, and saves what is marked to be saved.
 *
 * @example
 * const runner = new Runner({ storage: 'file:.tidemark', queues: { gpu: { concurrency: 1 } } });
 * const score = await runner.run(ScoreModel, { path: 'penguins.csv' });
 */
export class Runner {
  static {
    shareClass(Runner, 'Runner');
  }

  readonly storage: Storage;
  readonly #engine: Engine;

  /** @throws {TidemarkError} for invalid options, such as an unknown name or a concurrency below 1 */
  constructor(options: RunnerOptions = {}) {
    checkRunnerOptions(options);
    const { storage, container = typediContainer, executor = inline() } = options;
    if (typeof executor?.execute !== 'function')
      throw new TidemarkError(`the executor is ${String(executor)}; give one such as inline()`);
    if (typeof container?.resolve !== 'function')
      throw new TidemarkError('the container has no method resolve(cls) that makes an instance of a class');
    // Loaded with the first runner: code that only declares tasks, such as a module of workers, needs half the package.
    const { Engine } = require('./engine') as typeof import('./engine');
    this.storage = storage instanceof Storage ? storage : Storage.open(storage);
    const ownsStorage = !(storage instanceof Storage) && !this.storage.isShared;
    this.#engine = new Engine({ options, container, executor, storage: this.storage, ownsStorage });
  }

  /**
   * Runs a task, or several, and returns the result.
   *
   * @param what a task class (then its params), a ref, or an array, tuple or record of refs and classes
   * @throws {DeclarationError} before anything runs, when params or requirements are wrong
   * @throws {RunFailedError} when tasks failed
   * @example
   * const [a, b] = await runner.run([task(Score, { seed: 1 }), task(Score, { seed: 2 })]);
   */
  run<const W extends Runnable>(what: W, ...rest: ParamsAndOptions<W>): Promise<ResultOf<W>> {
    return this.#engine.start(what, rest).result as Promise<ResultOf<W>>;
  }

  /** Starts a run and returns a handle to its result, events and summary. */
  start<const W extends Runnable>(what: W, ...rest: ParamsAndOptions<W>): Run<ResultOf<W>> {
    return this.#engine.start(what, rest) as Run<ResultOf<W>>;
  }

  /**
   * Plans a run without running anything: the tasks that it would load, those that it would run, and why.
   *
   * @example
   * const { toRun, nodes } = await runner.plan(ScoreModel, { path: 'penguins.csv' });
   */
  plan<const W extends Runnable>(what: W, ...rest: ParamsFor<W>): Promise<Plan> {
    return this.#engine.plan(what, rest);
  }

  /** The key of a task's result. */
  key<const W extends TaskClass | TaskRef<unknown>>(what: W, ...rest: ParamsFor<W>): Promise<TaskKey> {
    return this.#engine.key(what, rest);
  }

  /**
   * Invalidates results and everything derived from them, for all processes and machines: later runs recompute them.
   *
   * @param what a ref, or a class with params: that result; a class alone: all results of that task
   * @returns the keys of the deleted results; results derived from them stay in the storage, but no longer count
   * @example
   * await runner.clear(Choose, { n: 3, k: 3 });
   */
  clear<const W extends Runnable>(what: W, ...rest: ParamsFor<W>): Promise<readonly TaskKey[]> {
    return this.#engine.clear(what, rest);
  }

  /** Waits for active runs, then closes executors and the storage that the runner opened. */
  close(): Promise<void> {
    return this.#engine.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
