import { type Awaitable, andThen, isPromiseLike } from '../awaitable';
import { deepFreeze } from '../encoding/freeze';
import { type Graph, pathTo } from '../graph/graph';
import type { Keys } from '../graph/key';
import type { GraphNode } from '../graph/node';
import { fill } from '../graph/structure';
import { DamagedCheckpointError } from '../storage/checkpoint-error';
import type { EncodedResult } from '../storage/encode';
import type { Layer } from '../storage/layer';
import type { Found } from '../storage/layers';
import type { Container } from '../task/container';
import type { TaskKey } from '../task/context';
import { AttemptContext } from './attempt-context';
import type { Checkpoints } from './checkpoints';
import { Action, Demand } from './demand';
import { messageOf, RunFailedError, TaskFailedError, tasksFailed } from './failure';
import type { GraphFingerprints } from './fingerprints';
import { Frontier } from './frontier';
import { holdsRef } from './holds-ref';
import type { Lane } from './lanes';
import { Outdated } from './outdated';
import { Ready } from './ready';
import type { Reporter } from './reporter';
import { Retries } from './retries';
import { Saves } from './saves';
import { Scheduler } from './scheduler';

/** All that one run needs to know. */
export interface ExecutionOptions {
  readonly graph: Graph;
  readonly keys: Keys;
  readonly fingerprints: GraphFingerprints;
  /** Undefined when no task of the graph is saved. */
  readonly checkpoints: Checkpoints | undefined;
  /** Why checkpoints could not be had at all. */
  readonly storageFailure: { readonly error: unknown } | undefined;
  readonly isForced: (index: number) => boolean;
  readonly container: Container;
  readonly laneOf: (node: GraphNode) => Lane;
  /** Where checkpoints are loaded, with the limit on how many at once. */
  readonly loadLane: Lane;
  readonly onFailure: 'stop' | 'continue';
  readonly onStorageError: 'fail' | 'compute';
  readonly warnsOfChangedSource: boolean;
  readonly freezes: boolean;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/** One execution of a graph: loads or computes what the target needs, saves what is to be saved. */
export class Execution {
  readonly #options: ExecutionOptions;
  readonly #demand: Demand;
  readonly #frontier: Frontier;
  readonly #scheduler: Scheduler;
  readonly #retries: Retries;
  readonly #errors: TaskFailedError[] = [];
  readonly #saves: Saves;
  /** Nodes whose checkpoint cannot be read and must not be overwritten. */
  readonly #untouchable = new Set<number>();
  readonly #outdated: Outdated;
  readonly #warnedSources = new Set<string>();
  /** What was decided since the last admission. */
  #decided: number[] | undefined;
  #hasWarnedOfStorage = false;
  #fatal: { readonly error: unknown } | undefined;
  #isStopped = false;

  constructor(options: ExecutionOptions) {
    this.#options = options;
    this.#demand = new Demand(options.graph, {
      checkpoints: options.checkpoints,
      isKeyless: options.fingerprints.isKeyless,
      isForced: options.isForced,
      onFault: (index, { layer, error }) => this.#takeStorageFailure(index, error, layer),
      onDecided: (index, action) => this.#takeDecision(index, action),
    });
    const ready = new Ready(options.graph.nodes.length, (index) =>
      this.#isLoad(index) ? options.loadLane : options.laneOf(options.graph.nodes[index]!),
    );
    this.#frontier = new Frontier(options.graph, this.#demand.actions, ready);
    this.#scheduler = new Scheduler(this.#frontier, ready, {
      begin: (index) => (this.#isLoad(index) ? this.#load(index) : this.#run(index)),
      isEnding: () => this.#isEnding,
    });
    this.#saves = new Saves({
      ...options,
      scheduler: this.#scheduler,
      stale: this.#demand.stale,
      onFailure: (index, error) => this.#takeStorageFailure(index, error),
    });
    this.#retries = new Retries(this.#frontier, this.#scheduler);
    this.#outdated = new Outdated(options);
  }

  /** Runs to the end. Gives what was wanted; throws a RunFailedError when that could not be had. */
  async run(): Promise<unknown> {
    const { graph, reporter, storageFailure } = this.#options;
    reporter.started();
    if (storageFailure) void this.#takeStorageFailure(undefined, storageFailure.error);
    const decided = this.#demand.decide(graph.targets.map(({ index }) => index));
    if (isPromiseLike(decided)) await decided;
    if (!this.#isEnding) {
      this.#frontier.admit(graph.order);
      this.#decided = [];
      await this.#scheduler.run();
    }
    this.#skip(this.#frontier.skipWaiting());
    this.#throwIfFailed();
    return this.#collect();
  }

  /** Starts nothing new; what is running finishes and is saved. */
  stop(): void {
    this.#isStopped = true;
    this.#retries.giveUp();
    this.#scheduler.drain();
  }

  get #isEnding(): boolean {
    return (
      this.#isStopped || this.#fatal !== undefined || (this.#errors.length > 0 && this.#options.onFailure === 'stop')
    );
  }

  #isLoad(index: number): boolean {
    return this.#demand.actions[index] === Action.load;
  }

  #throwIfFailed(): void {
    const { graph, reporter, signal } = this.#options;
    const summary = reporter.tally.summary();
    if (this.#fatal) throw new RunFailedError(messageOf(this.#fatal.error), this.#errors, summary, this.#fatal.error);
    const missing = graph.targets.find(({ index }) => !this.#frontier.isDone(index));
    if (missing && signal.aborted)
      throw new RunFailedError(
        `the run was cancelled: ${messageOf(signal.reason)}`,
        this.#errors,
        summary,
        signal.reason,
      );
    if (this.#errors.length > 0) throw tasksFailed(this.#errors, summary);
    if (missing === undefined) return;
    throw new RunFailedError(
      this.#isStopped
        ? 'the run was stopped'
        : `nothing is left to do, but ${missing} has no result; this is a fault in Tidemark`,
      [],
      summary,
      undefined,
    );
  }

  #collect(): unknown {
    const { graph, reporter } = this.#options;
    try {
      return fill(graph.target, this.#resultOf);
    } catch (error) {
      throw new RunFailedError(messageOf(error), [], reporter.tally.summary(), error);
    }
  }

  // Loading

  #load(index: number): Awaitable<void> {
    const { checkpoints } = this.#options;
    const found = this.#demand.found.get(index)!;
    const changed = this.#changedRequirement(index, found);
    if (changed !== undefined) {
      this.#demand.stale.set(index, [...(this.#demand.stale.get(index) ?? []), found]);
      return this.#runInstead(index, `${changed} came out different this time`);
    }
    this.#demand.found.delete(index);
    const start = performance.now();
    const failed = (error: unknown) =>
      andThen(this.#takeStorageFailure(index, error, found.from.layer), () =>
        this.#fatal ? undefined : this.#runInstead(index, 'its checkpoint cannot be used'),
      );
    try {
      const value = checkpoints!.load(index, found, (encoding) => this.#saves.promote(index, found, encoding));
      if (!isPromiseLike(value)) return this.#loaded(index, found, value, start);
      return value.then((later) => this.#loaded(index, found, later, start), failed);
    } catch (error) {
      return failed(error);
    }
  }

  /** The key of a requirement that was computed anew in this run, with another result than a checkpoint came from. */
  #changedRequirement(index: number, { entry }: Found): TaskKey | undefined {
    const { keys, graph } = this.#options;
    // By key: the same structure may name its requirements in another order today.
    let digests: ReadonlyMap<TaskKey, string | null> | undefined;
    for (let edge = graph.firstEdge[index]!; edge < graph.endEdge[index]!; edge++) {
      const required = graph.edges[edge]!;
      if (!this.#saves.ranAnew(required)) continue;
      digests ??= new Map(entry.requires);
      const key = keys.of(required);
      const digest = digests.get(key);
      if (typeof digest === 'string' && digest !== this.#saves.digestOf(required)) return key;
    }
    return undefined;
  }

  #loaded(index: number, { entry }: Found, value: unknown, start: number): void {
    const { freezes, reporter, warnsOfChangedSource, graph } = this.#options;
    const { task } = graph.nodes[index]!;
    if (freezes) deepFreeze(value);
    this.#saves.noteLoaded(index, entry.digest);
    reporter.tally.loaded++;
    if (entry.source !== task.source && warnsOfChangedSource && !this.#warnedSources.has(task.name)) {
      this.#warnedSources.add(task.name);
      reporter.warn(
        index,
        `the code of ${task.name} changed since ${entry.key} was saved, but its version did not: saved results are used. If results would differ now, raise its version or clear it`,
      );
    }
    reporter.emit(index, (node) => ({ type: 'task-loaded', node, seconds: (performance.now() - start) / 1000 }));
    this.#frontier.complete(index, value);
  }

  /** Runs a node that was to be loaded, and all that it needs for that. */
  #runInstead(index: number, why: string): Awaitable<void> {
    return andThen(this.#demand.runInstead(index, why), () => {
      const decided = this.#decided!;
      this.#decided = [];
      if (!this.#fatal) this.#skip(this.#frontier.admit(decided));
    });
  }

  #takeDecision(index: number, action: Action): void {
    // Before the first admission nothing has been dropped, and the whole graph is admitted at once.
    if (this.#decided === undefined) return;
    if (action === Action.run) this.#frontier.reopen(index);
    this.#decided.push(index);
  }

  /** Reports what is wrong with a checkpoint or its storage; by the options, that ends the run. */
  #takeStorageFailure(index: number | undefined, error: unknown, layer?: Layer): Awaitable<void> {
    const { keys, reporter, onStorageError } = this.#options;
    reporter.storageFailed(index, error);
    if (index !== undefined && layer && error instanceof DamagedCheckpointError) {
      return layer.setAside(keys.of(index)).catch((failure) => reporter.storageFailed(index, failure));
    }
    if (index !== undefined) this.#untouchable.add(index);
    if (onStorageError === 'compute') this.#warnOfStorage(index, error);
    else this.#endBy(error);
    return undefined;
  }

  #endBy(error: unknown): void {
    this.#fatal ??= { error };
    this.#retries.giveUp();
  }

  /** Once a run: a storage that is away fails for every result. */
  #warnOfStorage(index: number | undefined, error: unknown): void {
    if (this.#hasWarnedOfStorage) return;
    this.#hasWarnedOfStorage = true;
    this.#options.reporter.warn(
      index,
      `${messageOf(error)}. What cannot be loaded is computed, and not saved; the summary of the run has all that went wrong with the storage`,
    );
  }

  // Running

  #run(index: number): Awaitable<void> {
    const { graph, container, fingerprints, reporter, signal, laneOf } = this.#options;
    const node = graph.nodes[index]!;
    const attempt = this.#retries.begin(node);
    reporter.emit(index, (info) => ({ type: 'task-started', node: info, attempt }));
    const start = performance.now();
    try {
      if (fingerprints.failed.has(index)) throw fingerprints.failed.get(index);
      const requirements = node.requirements.map((template) => fill(template, this.#resultOf));
      const context = new AttemptContext(node, attempt, signal, reporter);
      const result = laneOf(node).executor.execute({ node, requirements, context, container });
      if (!isPromiseLike(result)) return this.#ran(index, attempt, result, start);
      // What is only like a promise may give nothing from then(), or call back twice.
      return Promise.resolve(result).then(
        (value) => this.#ran(index, attempt, value, start),
        (error) => this.#failed(index, attempt, error),
      );
    } catch (error) {
      return this.#failed(index, attempt, error);
    }
  }

  readonly #resultOf = (node: GraphNode): unknown => this.#frontier.resultOf(node.index);

  /** A task gave a result: it is serialised before anyone receives it, so that all see the same value. */
  #ran(index: number, attempt: number, result: unknown, start: number): void {
    const { graph, checkpoints } = this.#options;
    const { task } = graph.nodes[index]!;
    const seconds = (performance.now() - start) / 1000;
    try {
      const encoded = task.save && checkpoints ? checkpoints.encode(index, result) : undefined;
      this.#settle(index, result);
      if (isPromiseLike(encoded) || (checkpoints && task.hasFingerprint))
        this.#scheduler.track(this.#keepLater(index, attempt, result, encoded, seconds));
      else this.#keep(index, result, encoded as EncodedResult | undefined, seconds);
    } catch (error) {
      this.#failed(index, attempt, error);
    }
  }

  /** Makes a result fit for others to see. */
  #settle(index: number, result: unknown): void {
    if (typeof result !== 'object' || result === null) return;
    const { graph, checkpoints, freezes } = this.#options;
    const isSaved = checkpoints && graph.nodes[index]!.task.save;
    if (!isSaved && holdsRef(result))
      throw new TypeError(
        'its result holds a task ref; return values, and let the task that needs the other one require it',
      );
    if (freezes && (isSaved || this.#frontier.hasSeveralUsers(index))) deepFreeze(result);
  }

  async #keepLater(
    index: number,
    attempt: number,
    result: unknown,
    encoding: Awaitable<EncodedResult | undefined>,
    seconds: number,
  ): Promise<void> {
    try {
      const encoded = await encoding;
      await this.#outdated.check(index);
      this.#keep(index, result, encoded, seconds);
    } catch (error) {
      this.#failed(index, attempt, error);
    }
  }

  #keep(index: number, result: unknown, encoded: EncodedResult | undefined, seconds: number): void {
    const isOutdated = this.#outdated.has(index);
    if (encoded) {
      this.#saves.noteRan(index, encoded);
      if (!isOutdated && !this.#untouchable.has(index)) {
        const written = this.#saves.save(index, encoded, seconds);
        if (written) return this.#scheduler.track(written.then(() => this.#done(index, result, seconds)));
      }
    }
    this.#done(index, result, seconds);
  }

  #done(index: number, result: unknown, seconds: number): void {
    const { reporter } = this.#options;
    reporter.tally.ran++;
    reporter.emit(index, (node) => ({ type: 'task-finished', node, seconds }));
    this.#frontier.complete(index, result);
  }

  #failed(index: number, attempt: number, cause: unknown): void {
    const { graph, reporter, fingerprints } = this.#options;
    const node = graph.nodes[index]!;
    const error = new TaskFailedError({
      node,
      key: reporter.keyOf(index),
      requiredBy: pathTo(graph, index).slice(0, -1),
      attempts: attempt,
      cause,
    });
    const willRetry = !this.#isEnding && !fingerprints.failed.has(index) && this.#retries.allows(node, attempt);
    reporter.emit(index, (info) => ({ type: 'task-failed', node: info, error, willRetry }));
    if (willRetry) this.#retries.later(node, attempt, () => this.#giveUp(index, error));
    else this.#giveUp(index, error);
  }

  /** A task failed for good: what needs it is skipped. */
  #giveUp(index: number, error: TaskFailedError): void {
    this.#errors.push(error);
    this.#options.reporter.tally.failed++;
    this.#skip(this.#frontier.fail(index));
    if (this.#isEnding) this.#retries.giveUp();
  }

  #skip(indices: readonly number[]): void {
    const { reporter } = this.#options;
    for (const index of indices) {
      reporter.tally.skipped++;
      reporter.emit(index, (node) => ({ type: 'task-skipped', node }));
    }
  }
}
