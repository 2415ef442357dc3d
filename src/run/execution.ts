import { setImmediate } from 'node:timers/promises';
import { type Awaitable, andThen, isPromiseLike } from '../awaitable';
import { deepFreeze } from '../encoding/freeze';
import type { Executor } from '../executors/executor';
import { type Graph, pathTo } from '../graph/graph';
import type { Keys } from '../graph/key';
import type { GraphNode } from '../graph/node';
import { fill } from '../graph/structure';
import { DamagedCheckpointError } from '../storage/checkpoint-error';
import type { EncodedResult, FoundCheckpoint } from '../storage/storage';
import type { Container } from '../task/container';
import type { TaskContext, TaskKey } from '../task/context';
import type { Checkpoints } from './checkpoints';
import { Action, Demand } from './demand';
import type { EventStream, NodeInfo, RunEvent } from './events';
import { RunFailedError, TaskFailedError, tasksFailed } from './failure';
import { fingerprint, type GraphFingerprints } from './fingerprints';
import { Frontier, State } from './frontier';
import type { Lane } from './lanes';
import { holdsRef } from './holds-ref';
import { attemptsOf, delayBefore } from './retries';
import type { Tally } from './summary';

/** All that one run needs to know. */
export interface ExecutionOptions {
  readonly graph: Graph;
  readonly keys: Keys;
  readonly fingerprints: GraphFingerprints;
  readonly checkpoints: Checkpoints | undefined;
  readonly isForced: (index: number) => boolean;
  readonly container: Container;
  readonly laneOf: (node: GraphNode) => Lane;
  readonly onFailure: 'stop' | 'continue';
  readonly onStorageError: 'fail' | 'compute';
  readonly warnsOfChangedSource: boolean;
  readonly freezes: boolean;
  readonly events: EventStream;
  readonly tally: Tally;
  readonly signal: AbortSignal;
  readonly warn: (message: string, node?: NodeInfo) => void;
}

/** Results on their way to storage; more than this many hold up new tasks. */
const mostWrites = 256;
/** Loads that a storage does not answer at once; more than this many wait. */
const mostLoads = 64;
/** Work that never waits lets other things have their turn this often. */
const sliceSteps = 256;
const sliceMilliseconds = 30;

/** One execution of a graph: loads or computes what the target needs, saves what is to be saved. */
export class Execution {
  readonly #options: ExecutionOptions;
  readonly #demand: Demand;
  readonly #frontier: Frontier;
  readonly #errors: TaskFailedError[] = [];
  readonly #attempts = new Map<number, number>();
  /** Digests of results that were computed or loaded, of saved tasks. */
  readonly #digests = new Map<number, string>();
  readonly #ranAnew = new Set<number>();
  /** Nodes whose checkpoint cannot be read and must not be overwritten. */
  readonly #untouchable = new Set<number>();
  readonly #warnedSources = new Set<string>();
  readonly #parked = new Map<Lane, number[]>();
  readonly #retries = new Map<NodeJS.Timeout, { readonly index: number; readonly error: TaskFailedError }>();
  #decided: number[] = [];
  #running = 0;
  #loading = 0;
  #writing = 0;
  #isDraining = false;
  #fatal: { readonly error: unknown } | undefined;
  #isStopped = false;
  #finish: () => void = () => {};

  constructor(options: ExecutionOptions) {
    this.#options = options;
    this.#demand = new Demand(options.graph, {
      checkpoints: options.checkpoints,
      isForced: options.isForced,
      onFailedLookup: (index, error) => this.#takeStorageFailure(index, error),
      onDecided: (index) => this.#decided.push(index),
    });
    this.#frontier = new Frontier(options.graph, this.#demand.actions);
  }

  /** Runs to the end. Gives what was wanted; throws a RunFailedError when that could not be had. */
  async run(): Promise<unknown> {
    const { graph, tally } = this.#options;
    const decided = this.#demand.decide(graph.targets.map(({ index }) => index));
    if (isPromiseLike(decided)) await decided;
    this.#decided = [];
    if (!this.#fatal) {
      this.#frontier.admit(graph.order);
      await new Promise<void>((resolve) => {
        this.#finish = resolve;
        this.#drain();
      });
    }
    this.#skip(this.#frontier.skipWaiting());
    if (this.#fatal) throw this.#storageFailed(this.#fatal.error);
    if (this.#errors.length > 0) throw tasksFailed(this.#errors, tally.summary());
    if (this.#isStopped) throw new RunFailedError(this.#options.signal.aborted ? 'the run was cancelled' : 'the run was stopped', [], tally.summary(), this.#options.signal.aborted ? this.#options.signal.reason : undefined);
    return fill(graph.target, (node) => this.#frontier.resultOf(node.index));
  }

  /** Starts nothing new; what is running finishes and is saved. */
  stop(): void {
    this.#isStopped = true;
    this.#drain();
  }

  get #startsNothing(): boolean {
    return this.#isStopped || this.#fatal !== undefined || (this.#errors.length > 0 && this.#options.onFailure === 'stop');
  }

  readonly #wake = (): void => this.#drain();

  /** Starts what can start, until limits are reached or nothing is ready. */
  #drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    const { ready } = this.#frontier;
    const sliceEnd = performance.now() + sliceMilliseconds;
    for (let steps = 1; ready.length > 0 && !this.#startsNothing && this.#writing < mostWrites; steps++) {
      const index = ready.pop()!;
      if (!this.#start(index)) break;
      if (steps % sliceSteps === 0 && performance.now() > sliceEnd) {
        void setImmediate().then(() => this.#continue());
        return;
      }
    }
    this.#isDraining = false;
    this.#endWhenIdle();
  }

  #continue(): void {
    this.#isDraining = false;
    this.#drain();
  }

  #endWhenIdle(): void {
    if (this.#startsNothing) this.#giveUpRetries();
    if (this.#running > 0 || this.#loading > 0 || this.#writing > 0) return;
    if (this.#startsNothing) return this.#finish();
    if (this.#frontier.ready.length > 0 || [...this.#parked.values()].some((parked) => parked.length > 0)) return;
    this.#finish();
  }

  /** Starts a node; false when nothing else can be started for now. */
  #start(index: number): boolean {
    const { ready, states } = this.#frontier;
    if (states[index] !== State.waiting) return true;
    if (this.#demand.actions[index] === Action.load) {
      if (this.#loading >= mostLoads) {
        ready.push(index);
        return false;
      }
      this.#load(index);
      return true;
    }
    const lane = this.#options.laneOf(this.#options.graph.nodes[index]!);
    if (lane.queue?.isFull) {
      this.#park(index, lane);
      return true;
    }
    if (lane.executorSlots.isFull) {
      ready.push(index);
      lane.executorSlots.whenFree(this.#wake);
      return false;
    }
    this.#run(index, lane);
    return true;
  }

  /** Puts a node aside until its queue has room. */
  #park(index: number, lane: Lane): void {
    const parked = this.#parked.get(lane) ?? [];
    this.#parked.set(lane, parked);
    parked.push(index);
    if (parked.length > 1) return;
    lane.queue!.whenFree(() => {
      this.#frontier.ready.push(...parked.splice(0).reverse());
      this.#drain();
    });
  }

  // ── loading

  #load(index: number): void {
    const { states } = this.#frontier;
    const found = this.#demand.found.get(index)!;
    const changed = found.record.requires.find(([, digest], i) => this.#differs(index, i, digest));
    if (changed) return this.#runInstead(index, `${changed[0]} came out different this time`, found);
    states[index] = State.started;
    this.#demand.found.delete(index);
    const start = performance.now();
    this.#loading++;
    const done = (value: unknown) => {
      this.#loading--;
      this.#loaded(index, found, value, start);
    };
    const failed = (error: unknown) => {
      this.#loading--;
      this.#loadFailed(index, error);
    };
    try {
      const value = this.#options.checkpoints!.load(index, found);
      if (!isPromiseLike(value)) return done(value);
      (value as Promise<unknown>).then(done, failed).then(() => this.#drain(), (error) => this.#end(error));
    } catch (error) {
      failed(error);
    }
  }

  /** Whether a requirement was computed anew in this run with another result than a checkpoint came from. */
  #differs(index: number, requirement: number, digest: string | null): boolean {
    const { edges, firstEdge } = this.#options.graph;
    const required = edges[firstEdge[index]! + requirement]!;
    return digest !== null && this.#ranAnew.has(required) && this.#digests.get(required) !== digest;
  }

  #loaded(index: number, { record }: FoundCheckpoint, value: unknown, start: number): void {
    const { freezes, tally, warnsOfChangedSource } = this.#options;
    const { task } = this.#options.graph.nodes[index]!;
    if (freezes) deepFreeze(value);
    this.#digests.set(index, record.digest);
    tally.loaded++;
    if (record.source !== task.source && warnsOfChangedSource && !this.#warnedSources.has(task.name)) {
      this.#warnedSources.add(task.name);
      this.#options.warn(`the code of ${task.name} changed since ${record.key} was saved, and its version did not: saved results are used. Raise the version (or clear it) when results would differ`, this.#info(index));
    }
    this.#emit(() => ({ type: 'task-loaded', node: this.#info(index), seconds: (performance.now() - start) / 1000 }));
    this.#frontier.complete(index, value);
  }

  #loadFailed(index: number, error: unknown): void {
    this.#wait(andThen(this.#takeStorageFailure(index, error), () => {
      if (this.#fatal) return;
      this.#runInstead(index, 'its checkpoint cannot be used', undefined);
    }));
  }

  /** Runs a node that was to be loaded, and all that it needs for that. */
  #runInstead(index: number, why: string, stale: FoundCheckpoint | undefined): void {
    if (stale) this.#demand.stale.set(index, stale);
    const reopened = this.#frontier.reopen(index);
    this.#wait(andThen(this.#demand.decide(reopened), () =>
      andThen(this.#demand.runInstead(index, why), () => {
        if (this.#fatal) return;
        const decided = this.#decided;
        this.#decided = [];
        this.#frontier.admit(decided);
      }),
    ));
  }

  /** Reports what is wrong with a checkpoint or its storage; by options, that ends the run. */
  #takeStorageFailure(index: number, error: unknown): Awaitable<void> {
    const { checkpoints, keys } = this.#options;
    this.#report(index, error);
    if (error instanceof DamagedCheckpointError) {
      return checkpoints!.storage.setAside(keys.of(index)).catch((failure) => this.#report(index, failure));
    }
    this.#untouchable.add(index);
    if (this.#options.onStorageError === 'fail') this.#fatal ??= { error };
  }

  #report(index: number, error: unknown): void {
    const failure = error instanceof Error ? error : new Error(String(error));
    this.#options.tally.storageErrors.push(failure);
    this.#emit(() => ({ type: 'storage-failed', node: this.#info(index), error: failure }));
  }

  // ── running

  #run(index: number, lane: Lane): void {
    const { graph, container, fingerprints } = this.#options;
    const node = graph.nodes[index]!;
    this.#frontier.states[index] = State.started;
    this.#running++;
    lane.queue?.take();
    lane.executorSlots.take();
    const attempt = (this.#attempts.get(index) ?? 0) + 1;
    if (node.task.options.retries !== undefined) this.#attempts.set(index, attempt);
    this.#emit(() => ({ type: 'task-started', node: this.#info(index), attempt }));
    const start = performance.now();
    const release = () => {
      this.#running--;
      lane.queue?.release();
      lane.executorSlots.release();
    };
    let result: unknown;
    try {
      if (fingerprints.failed.has(index)) throw fingerprints.failed.get(index);
      const requirements = node.requirements.map((template) => fill(template, this.#resultOf));
      result = lane.executor.execute({ node, requirements, context: new AttemptContext(this, index, attempt), container });
    } catch (error) {
      release();
      return this.#failed(index, attempt, error);
    }
    if (!isPromiseLike(result)) {
      release();
      return this.#ran(index, attempt, result, start);
    }
    (result as Promise<unknown>)
      .then(
        (value) => {
          release();
          this.#ran(index, attempt, value, start);
        },
        (error) => {
          release();
          this.#failed(index, attempt, error);
        },
      )
      .then(
        () => this.#drain(),
        (error) => this.#end(error),
      );
  }

  readonly #resultOf = (node: GraphNode): unknown => this.#frontier.resultOf(node.index);

  /** A task gave a result: it is serialised before anyone receives it, so that all see the same value. */
  #ran(index: number, attempt: number, result: unknown, start: number): void {
    const { graph, checkpoints, freezes } = this.#options;
    const seconds = (performance.now() - start) / 1000;
    const isSaved = graph.nodes[index]!.task.save && checkpoints !== undefined;
    try {
      if (!isSaved) {
        if (typeof result === 'object' && result !== null) {
          if (holdsRef(result)) throw new TypeError('its result holds a task ref; return the values themselves, and require the task instead');
          if (freezes && this.#frontier.usesOf(index) > 1) deepFreeze(result);
        }
        return this.#done(index, result, seconds);
      }
      const encoded = checkpoints.encode(index, result);
      if (freezes) deepFreeze(result);
      if (!isPromiseLike(encoded) && !graph.nodes[index]!.task.hasFingerprint) return this.#save(index, result, encoded as EncodedResult, seconds);
      this.#writing++;
      this.#wait(this.#saveLater(index, attempt, result, encoded, seconds).finally(() => this.#writing--));
    } catch (error) {
      this.#failed(index, attempt, error);
    }
  }

  async #saveLater(index: number, attempt: number, result: unknown, encoding: Awaitable<EncodedResult>, seconds: number): Promise<void> {
    try {
      const encoded = await encoding;
      if (await this.#isOutsideUnchanged(index)) this.#save(index, result, encoded, seconds);
      else this.#done(index, result, seconds);
    } catch (error) {
      this.#failed(index, attempt, error);
    }
  }

  /** Asks for the fingerprint again: a result of something that changed while it was read belongs to no key. */
  async #isOutsideUnchanged(index: number): Promise<boolean> {
    const { graph, container, fingerprints } = this.#options;
    const node = graph.nodes[index]!;
    if (!node.task.hasFingerprint) return true;
    const isSame = (await fingerprint(node, container)) === fingerprints.known.get(index);
    if (!isSame) this.#options.warn(`what ${node} reads changed while it ran (its fingerprint is another one now): its result is used, but not saved`, this.#info(index));
    return isSame;
  }

  #save(index: number, result: unknown, encoded: EncodedResult, seconds: number): void {
    this.#digests.set(index, encoded.digest);
    this.#ranAnew.add(index);
    if (this.#untouchable.has(index)) return this.#done(index, result, seconds);
    const { checkpoints, tally } = this.#options;
    const written = ({ size }: { readonly size: number }) => {
      tally.saved++;
      tally.savedBytes += size;
      this.#emit(() => ({ type: 'task-saved', node: this.#info(index), bytes: size }));
    };
    try {
      const record = checkpoints!.save(index, encoded, seconds, (required) => this.#digests.get(required), this.#demand.stale.get(index)?.record);
      if (isPromiseLike(record)) {
        this.#writing++;
        this.#wait(
          Promise.resolve(record).then(written, (error) => this.#takeStorageFailure(index, error)).finally(() => this.#writing--),
        );
      } else {
        written(record);
      }
    } catch (error) {
      void this.#takeStorageFailure(index, error);
    }
    this.#done(index, result, seconds);
  }

  #done(index: number, result: unknown, seconds: number): void {
    this.#options.tally.ran++;
    this.#emit(() => ({ type: 'task-finished', node: this.#info(index), seconds }));
    this.#frontier.complete(index, result);
  }

  #failed(index: number, attempt: number, cause: unknown): void {
    const { graph } = this.#options;
    const node = graph.nodes[index]!;
    const error = new TaskFailedError({
      shown: String(node),
      task: node.task.name,
      params: node.params,
      key: this.keyOf(index),
      requiredBy: pathTo(graph, index).slice(0, -1),
      attempts: attempt,
      cause,
    });
    const willRetry = attempt < attemptsOf(node.task) && !this.#startsNothing && !this.#options.fingerprints.failed.has(index);
    this.#emit(() => ({ type: 'task-failed', node: this.#info(index), error, willRetry }));
    if (willRetry) this.#retry(index, attempt, error);
    else this.#failedForGood(index, error);
  }

  #failedForGood(index: number, error: TaskFailedError): void {
    this.#errors.push(error);
    this.#options.tally.failed++;
    this.#skip(this.#frontier.fail(index));
  }

  #skip(indices: readonly number[]): void {
    for (const skipped of indices) {
      this.#options.tally.skipped++;
      this.#emit(() => ({ type: 'task-skipped', node: this.#info(skipped) }));
    }
  }

  /** Makes a node ready again after a while, in which it holds no slot. */
  #retry(index: number, attempt: number, error: TaskFailedError): void {
    const delay = delayBefore(attempt + 1, this.#options.graph.nodes[index]!.task);
    const timer = setTimeout(() => {
      this.#retries.delete(timer);
      this.#running--;
      this.#frontier.states[index] = State.waiting;
      this.#frontier.ready.push(index);
      this.#drain();
    }, delay);
    this.#running++;
    this.#retries.set(timer, { index, error });
  }

  /** Nothing new starts any more: what would have been tried again has failed. */
  #giveUpRetries(): void {
    for (const [timer, { index, error }] of this.#retries) {
      clearTimeout(timer);
      this.#running--;
      this.#failedForGood(index, error);
    }
    this.#retries.clear();
  }

  // ── small things

  /** Counts something that ends later as under way. */
  #wait(pending: Awaitable<void>): void {
    if (!isPromiseLike(pending)) return;
    this.#loading++;
    (pending as Promise<void>).then(
      () => {
        this.#loading--;
        this.#drain();
      },
      (error) => {
        this.#loading--;
        this.#end(error);
      },
    );
  }

  /** Ends the run for a reason that lies in no task. */
  #end(error: unknown): void {
    this.#fatal ??= { error };
    this.#drain();
  }

  #storageFailed(error: unknown): RunFailedError {
    return new RunFailedError((error as Error)?.message ?? String(error), [], this.#options.tally.summary(), error);
  }

  keyOf(index: number): TaskKey | undefined {
    // Without its fingerprint, a node has no key.
    return this.#options.fingerprints.failed.size > 0 ? undefined : this.#options.keys.of(index);
  }

  get signal(): AbortSignal {
    return this.#options.signal;
  }

  nodeOf(index: number): GraphNode {
    return this.#options.graph.nodes[index]!;
  }

  progressed(index: number, done: number, total: number | undefined): void {
    this.#emit(() => ({ type: 'task-progressed', node: this.#info(index), done, ...(total !== undefined && { total }) }));
  }

  #info(index: number): NodeInfo {
    const { task, params } = this.nodeOf(index);
    return { key: this.keyOf(index) as TaskKey, task: task.name, params };
  }

  #emit(event: () => RunEvent): void {
    if (this.#options.events.isHeard) this.#options.events.emit(event());
  }
}

/** What a task sees of its run. */
class AttemptContext implements TaskContext {
  readonly attempt: number;
  readonly #execution: Execution;
  readonly #index: number;

  constructor(execution: Execution, index: number, attempt: number) {
    this.#execution = execution;
    this.#index = index;
    this.attempt = attempt;
  }

  get task(): string {
    return this.#execution.nodeOf(this.#index).task.name;
  }

  get key(): TaskKey {
    return this.#execution.keyOf(this.#index)!;
  }

  get signal(): AbortSignal {
    return this.#execution.signal;
  }

  progress(done: number, total?: number): void {
    this.#execution.progressed(this.#index, done, total);
  }
}
