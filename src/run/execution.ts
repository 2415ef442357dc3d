import { type Awaitable, andThen, isPromiseLike } from '../awaitable';
import { deepFreeze } from '../encoding/freeze';
import { type Graph, pathTo } from '../graph/graph';
import type { Keys } from '../graph/key';
import type { GraphNode } from '../graph/node';
import { fill } from '../graph/structure';
import type { EncodedResult } from '../storage/encode';
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
import type { RunState } from './run-state';
import { Saves } from './saves';
import { Scheduler } from './scheduler';
import { StorageFaults, type Warned } from './storage-faults';

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
  readonly state: RunState;
  readonly warned: Warned;
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
  readonly #saves: Saves;
  readonly #faults: StorageFaults;
  readonly #outdated: Outdated;
  /** What was decided since the last admission. */
  #decided: number[] | undefined;

  constructor(options: ExecutionOptions) {
    this.#options = options;
    this.#faults = new StorageFaults(options);
    this.#demand = new Demand(options.graph, {
      checkpoints: options.checkpoints,
      isKeyless: options.fingerprints.isKeyless,
      isForced: options.isForced,
      onFault: (index, { layer, error }) => this.#faults.take(index, error, layer),
      onDecided: (index, action) => this.#takeDecision(index, action),
    });
    const ready = new Ready(options.graph.nodes.length, (index) =>
      this.#isLoad(index) ? options.loadLane : options.laneOf(options.graph.nodes[index]!),
    );
    this.#frontier = new Frontier(options.graph, this.#demand.actions, ready);
    this.#scheduler = new Scheduler(this.#frontier, ready, {
      begin: (index) => (this.#isLoad(index) ? this.#load(index) : this.#run(index)),
      isEnding: () => options.state.isEnding,
    });
    this.#saves = new Saves({
      ...options,
      scheduler: this.#scheduler,
      stale: this.#demand.stale,
      onFailure: (index, error) => this.#faults.take(index, error),
    });
    this.#retries = new Retries(this.#frontier, this.#scheduler);
    this.#outdated = new Outdated(options);
    options.state.whenEnding(() => {
      this.#retries.giveUp();
      this.#scheduler.drain();
    });
  }

  /** Runs to the end. Gives what was wanted; throws a RunFailedError when that could not be had. */
  async run(): Promise<unknown> {
    const { graph, reporter, storageFailure, state } = this.#options;
    reporter.started();
    if (storageFailure) void this.#faults.take(undefined, storageFailure.error);
    const decided = this.#demand.decide(graph.targets.map(({ index }) => index));
    if (isPromiseLike(decided)) await decided;
    if (!state.isEnding) {
      this.#frontier.admit(graph.order);
      this.#decided = [];
      await this.#scheduler.run();
    }
    this.#skip(this.#frontier.skipWaiting());
    this.#throwIfFailed();
    return this.#collect();
  }

  #isLoad(index: number): boolean {
    return this.#demand.actions[index] === Action.load;
  }

  #throwIfFailed(): void {
    const { graph, reporter, signal, state } = this.#options;
    const { errors, fatal } = state;
    const summary = reporter.tally.summary();
    if (fatal) throw new RunFailedError(messageOf(fatal.error), errors, summary, fatal.error);
    const missing = graph.targets.find(({ index }) => !this.#frontier.isDone(index));
    if (missing && signal.aborted)
      throw new RunFailedError(
        `the run was cancelled: ${messageOf(signal.reason)}`,
        errors,
        summary,
        signal.reason,
      );
    if (errors.length > 0) throw tasksFailed(errors, summary);
    if (missing === undefined) return;
    throw new RunFailedError(
      state.isStopped
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
      andThen(this.#faults.take(index, error, found.from.layer), () =>
        this.#options.state.fatal ? undefined : this.#runInstead(index, 'its checkpoint cannot be used'),
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
    const { freezes, reporter, warnsOfChangedSource, warned, graph } = this.#options;
    const { task } = graph.nodes[index]!;
    if (freezes) deepFreeze(value);
    this.#saves.noteLoaded(index, entry.digest);
    reporter.tally.loaded++;
    if (entry.source !== task.source && warnsOfChangedSource && !warned.sources.has(task.name)) {
      warned.sources.add(task.name);
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
      if (!this.#options.state.fatal) this.#skip(this.#frontier.admit(decided));
    });
  }

  #takeDecision(index: number, action: Action): void {
    // Before the first admission nothing has been dropped, and the whole graph is admitted at once.
    if (this.#decided === undefined) return;
    if (action === Action.run) this.#frontier.reopen(index);
    this.#decided.push(index);
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
      if (!isOutdated && !this.#faults.untouchable.has(index)) {
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
    const { graph, reporter, fingerprints, state } = this.#options;
    const node = graph.nodes[index]!;
    const error = new TaskFailedError({
      node,
      key: reporter.keyOf(index),
      requiredBy: pathTo(graph, index).slice(0, -1),
      attempts: attempt,
      cause,
    });
    const willRetry = !state.isEnding && !fingerprints.failed.has(index) && this.#retries.allows(node, attempt);
    reporter.emit(index, (info) => ({ type: 'task-failed', node: info, error, willRetry }));
    if (willRetry) this.#retries.later(node, attempt, () => this.#giveUp(index, error));
    else this.#giveUp(index, error);
  }

  /** A task failed for good: what needs it is skipped. */
  #giveUp(index: number, error: TaskFailedError): void {
    const { reporter, state } = this.#options;
    reporter.tally.failed++;
    this.#skip(this.#frontier.fail(index));
    state.fail(error);
  }

  #skip(indices: readonly number[]): void {
    const { reporter } = this.#options;
    for (const index of indices) {
      reporter.tally.skipped++;
      reporter.emit(index, (node) => ({ type: 'task-skipped', node }));
    }
  }
}
