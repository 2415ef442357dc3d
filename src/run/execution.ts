import { type Awaitable, andThen, isPromiseLike } from '../awaitable';
import { deepFreeze } from '../encoding/freeze';
import { SentResult } from '../executors/sent-result';
import { type Graph, pathTo } from '../graph/graph';
import type { Keys } from '../graph/key';
import { type GraphNode, ownDirectory } from '../graph/node';
import { fromStored, toStored } from '../graph/stored-ref';
import { fill } from '../graph/structure';
import type { EncodedResult } from '../storage/encode';
import type { Found } from '../storage/layers';
import type { Container } from '../task/container';
import type { TaskKey } from '../task/context';
import type { Activity } from './activity';
import { AttemptContext } from './attempt-context';
import type { Checkpoints } from './checkpoints';
import type { Facts } from './claims';
import { Action, Demand } from './demand';
import type { Directories } from './directories';
import { type Child, type Dynamic, type Resolution, type Target, UnresolvedError } from './dynamic';
import { encodeWithRefs } from './encode-with-refs';
import { messageOf, RunFailedError, TaskFailedError, tasksFailed } from './failure';
import type { GraphFingerprints } from './fingerprints';
import { Frontier, State } from './frontier';
import { holdsRef } from './holds-ref';
import { Hooks } from './hooks';
import type { Lane } from './lanes';
import type { Outcome } from './outcome';
import { Outdated } from './outdated';
import { Provenance } from './provenance';
import { Ready } from './ready';
import type { Reporter } from './reporter';
import { Retries } from './retries';
import type { RunState } from './run-state';
import { Saves } from './saves';
import { Scheduler } from './scheduler';
import { StorageFaults, type Warned } from './storage-faults';
import { withTimeout } from './timeout';

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
  readonly activity: Activity;
  readonly directories: Directories;
  /** What runs the refs in results. */
  readonly dynamic: Dynamic;
  /** Whether refs in the results of targets are run as well; when not, such results are given as they are. */
  readonly resolvesTargets: boolean;
  /** How the targets came to be required, when a result held refs to them. */
  readonly path: readonly string[];
}

/** The run's own ways to get what was wanted from somewhere, and to put it there. */
export interface RunHooks {
  readonly restore?: (() => unknown) | undefined;
  readonly checkpoint?: ((result: any) => unknown) | undefined;
}

/** What a task made. */
interface Made {
  readonly index: number;
  readonly result: unknown;
  readonly holdsRefs: boolean;
  readonly seconds: number;
}

/** One execution of a graph, of which a run has one, and one more for each result that holds refs: loads or computes what the target needs, saves what is to be saved. */
export class Execution implements Child {
  readonly #options: ExecutionOptions;
  readonly #demand: Demand;
  readonly #frontier: Frontier;
  readonly #ready: Ready;
  readonly #scheduler: Scheduler;
  readonly #retries: Retries;
  readonly #saves: Saves;
  readonly #faults: StorageFaults;
  readonly #hooks: Hooks;
  readonly #outdated: Outdated;
  /** What nodes came from that their keys do not tell, for the few for which there is something. */
  readonly #provenances = new Map<number, Provenance>();
  /** How many other executions had ended when this one looked for checkpoints. */
  #endedBefore = 0;
  /** Targets whose results still hold refs. */
  readonly #raw = new Set<number>();
  /** What was decided since the last admission. */
  #decided: number[] | undefined;

  constructor(options: ExecutionOptions) {
    this.#options = options;
    this.#faults = new StorageFaults(options);
    const { graph, reporter, signal } = options;
    const contextOf = (index: number) => new AttemptContext(graph.nodes[index]!, 1, signal, reporter);
    this.#hooks = new Hooks({ ...options, contextOf });
    this.#demand = new Demand(options.graph, {
      checkpoints: options.checkpoints,
      isKeyless: options.fingerprints.isKeyless,
      isForced: options.isForced,
      restore: (index) => this.#hooks.restore(index),
      onFault: (index, { layer, error }) => this.#faults.take(index, error, layer),
      onDecided: (index, action) => this.#takeDecision(index, action),
    });
    this.#ready = new Ready(options.graph.nodes.length, (index) =>
      this.#isLoad(index) ? options.loadLane : options.laneOf(options.graph.nodes[index]!),
    );
    this.#frontier = new Frontier(options.graph, this.#demand.actions, this.#ready);
    this.#scheduler = new Scheduler(
      this.#frontier,
      this.#ready,
      { begin: (index) => this.#begin(index), isEnding: () => options.state.isEnding },
      options.activity,
    );
    this.#saves = new Saves({
      ...options,
      scheduler: this.#scheduler,
      stale: this.#demand.stale,
      onFailure: (index, error) => this.#faults.take(index, error),
    });
    this.#retries = new Retries(this.#frontier, this.#scheduler);
    this.#outdated = new Outdated(options);
  }

  /** Runs to the end. Gives what was wanted; throws a RunFailedError when that could not be had. */
  async run(hooks: RunHooks): Promise<unknown> {
    this.#options.reporter.started();
    const restored = hooks.restore && (await this.#hook('restore', hooks.restore));
    if (restored !== undefined) return restored;
    if (!(await this.complete())) this.#throwIfFailed();
    const value = this.value();
    if (hooks.checkpoint) await this.#hook('checkpoint', () => hooks.checkpoint!(value));
    return value;
  }

  async #hook(name: 'restore' | 'checkpoint', call: () => unknown): Promise<unknown> {
    try {
      return await call();
    } catch (error) {
      this.#options.reporter.hookFailed(undefined, name, error);
      return undefined;
    }
  }

  /** Runs to the end. Gives whether all that was wanted is there. */
  async complete(): Promise<boolean> {
    const { graph, storageFailure, state, activity, dynamic } = this.#options;
    if (storageFailure) void this.#faults.take(undefined, storageFailure.error);
    const letGo = state.whenEnding(() => {
      this.#retries.giveUp();
      this.#scheduler.drain();
    });
    this.#endedBefore = dynamic.claims.ended;
    const decided = this.#demand.decide(graph.targets.map(({ index }) => index));
    if (isPromiseLike(decided)) await activity.during(decided);
    if (!state.isEnding) {
      this.#frontier.admit(graph.order);
      this.#decided = [];
      await this.#scheduler.run();
    }
    this.#skip(this.#frontier.skipWaiting());
    letGo();
    return !state.fatal && graph.targets.every(({ index }) => this.#frontier.isDone(index));
  }

  /** Each of what was wanted, once it is there. */
  targets(): readonly Target[] {
    return this.#options.graph.targets.map((node) => ({ node, ...this.factsOf(node) }));
  }

  /** Whether what was wanted is a single result that still holds refs. */
  holdsRaw(): boolean {
    return !this.#options.resolvesTargets && this.#raw.size > 0;
  }

  marksOn({ index }: GraphNode): readonly string[] {
    return this.#options.checkpoints?.marksOn(index) ?? [];
  }

  /** The nodes that have begun and of which more than a memory is left, with their keys. */
  *begun(): IterableIterator<readonly [TaskKey, GraphNode]> {
    for (const node of this.#options.graph.nodes) {
      const key = this.mayHave(node) ? this.#options.reporter.keyOf(node.index) : undefined;
      if (key !== undefined) yield [key, node];
    }
  }

  /** Whether a node has a result, or is about to have one. */
  mayHave({ index }: GraphNode): boolean {
    const state = this.#frontier.states[index];
    return state === State.started || state === State.done;
  }

  /** Calls back with a node's result once it is there, or with undefined when there will be none. */
  whenOver({ index }: GraphNode, callback: (outcome: Outcome | undefined) => void): void {
    this.#frontier.whenOver(index, callback);
  }

  /** Whether something only waits for room. */
  get canStart(): boolean {
    return !this.#ready.isEmpty;
  }

  /** The first requirement of a node that is not there yet; of none, the first of what is wanted. */
  firstOpen(node: GraphNode | undefined): GraphNode | undefined {
    const index = this.#frontier.firstOpen(node?.index);
    return index === undefined ? undefined : this.#options.graph.nodes[index];
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
      throw new RunFailedError(`the run was cancelled: ${messageOf(signal.reason)}`, errors, summary, signal.reason);
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

  /** What was wanted. */
  value(): unknown {
    const { graph, reporter } = this.#options;
    try {
      return fill(graph.target, this.#resultOf);
    } catch (error) {
      throw new RunFailedError(messageOf(error), [], reporter.tally.summary(), error);
    }
  }

  #begin(index: number): Awaitable<void> {
    const { claims } = this.#options.dynamic;
    const node = this.#options.graph.nodes[index]!;
    const key = claims.isActive ? this.#options.reporter.keyOf(index) : undefined;
    const other = key && claims.claim(key, this, node);
    if (!other) {
      if (this.#isLoad(index)) return this.#load(index);
      return claims.ended === this.#endedBefore ? this.#run(index) : this.#lookAgain(index);
    }
    // It holds no slot while it waits.
    this.#scheduler.wait(
      claims.outcome(node, other).then((outcome) => {
        if (!outcome) return this.#skip(this.#frontier.fail(index));
        this.#takeOver(index, other.execution.factsOf(other.node));
        return this.#arrive(index, outcome.value, holdsRef(outcome.value));
      }),
    );
    return undefined;
  }

  factsOf({ index }: GraphNode): Facts {
    return {
      key: this.#options.reporter.keyOf(index),
      digest: this.#saves.digestOf(index),
      ranAnew: this.#saves.ranAnew(index),
      provenance: this.#provenances.get(index),
    };
  }

  /** Another execution may have saved what was not there yet when this one looked. */
  async #lookAgain(index: number): Promise<void> {
    const { checkpoints, graph, isForced, fingerprints, state } = this.#options;
    if (!checkpoints || !graph.nodes[index]!.task.save || isForced(index) || fingerprints.isKeyless(index))
      return this.#run(index);
    const { found, faults } = await checkpoints.lookUp(index);
    for (const { layer, error } of faults) await this.#faults.take(index, error, layer);
    if (state.fatal) return;
    if (!found) return this.#run(index);
    this.#demand.found.set(index, found);
    this.#frontier.loadInstead(index);
    return this.#load(index);
  }

  #takeOver(index: number, { digest, ranAnew, provenance }: Facts): void {
    this.#saves.noteResolved(index, digest, ranAnew);
    if (provenance) this.#provenances.set(index, provenance);
  }

  /** A result is there. When it holds refs, others get it once what these name is there as well. */
  #arrive(index: number, value: unknown, holdsRefs: boolean): void {
    const { graph, resolvesTargets } = this.#options;
    const isRaw = holdsRefs && !resolvesTargets && graph.targets.includes(graph.nodes[index]!);
    if (isRaw) this.#raw.add(index);
    if (holdsRefs && !isRaw) this.#resolve(index, value);
    else this.#frontier.complete(index, value);
  }

  /** Runs what a result holds refs to. */
  #resolve(index: number, value: unknown): void {
    const { graph, dynamic, path } = this.#options;
    const node = graph.nodes[index]!;
    const holder = {
      execution: this,
      node,
      path: [...path, ...pathTo(graph, index)],
      ...this.factsOf(node),
    };
    this.#scheduler.wait(
      dynamic.resolve(holder, value).then(
        (resolution) => this.#resolved(index, resolution),
        (error) => {
          if (error instanceof UnresolvedError) this.#skip(this.#frontier.fail(index));
          else this.#failed(index, 1, error, false);
        },
      ),
    );
  }

  #resolved(index: number, { value, digest, ranAnew, provenance }: Resolution): void {
    const { freezes } = this.#options;
    if (freezes && this.#frontier.hasSeveralUsers(index)) deepFreeze(value);
    const earlier = this.#provenances.get(index);
    if (earlier) provenance.addAll(earlier);
    this.#takeOver(index, { key: undefined, digest, ranAnew, provenance });
    this.#frontier.complete(index, value);
  }

  /** Notes what a node comes from by way of results that held refs, and gives it; for most there is nothing. */
  #provenanceOf(index: number): Provenance | undefined {
    if (this.#provenances.size === 0) return undefined;
    const { edges, firstEdge, endEdge } = this.#options.graph;
    const required = [...edges.subarray(firstEdge[index]!, endEdge[index]!)];
    const found = required.flatMap((one) => this.#provenances.get(one) ?? []);
    if (found.length === 0) return undefined;
    const provenance = new Provenance();
    for (const one of found) provenance.addAll(one);
    this.#provenances.set(index, provenance);
    return provenance;
  }

  // Loading

  #load(index: number): Awaitable<void> {
    const { checkpoints } = this.#options;
    const restored = this.#demand.restored.get(index);
    if (restored) return this.#restored(index, restored.value);
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

  #restored(index: number, value: unknown): void {
    const { freezes, reporter } = this.#options;
    this.#demand.restored.delete(index);
    if (freezes && this.#frontier.hasSeveralUsers(index)) deepFreeze(value);
    reporter.tally.loaded++;
    reporter.emit(index, (node) => ({ type: 'task-loaded', node, seconds: 0 }));
    this.#arrive(index, value, holdsRef(value));
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
    if (entry.isDynamic) this.#provenances.set(index, Provenance.of(entry));
    if (entry.holdsRefs) this.#arriveStored(index, value);
    else this.#frontier.complete(index, value);
  }

  /** A loaded result names tasks: those are looked for among the classes that are here. */
  #arriveStored(index: number, value: unknown): void {
    try {
      this.#arrive(index, fromStored(value), true);
    } catch (error) {
      this.#failed(index, 1, error, false);
    }
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
    if (action === Action.run) this.#reportLost(index);
    // Before the first admission nothing has been dropped, and the whole graph is admitted at once.
    if (this.#decided === undefined) return;
    if (action === Action.run) this.#frontier.reopen(index);
    this.#decided.push(index);
  }

  /** Says it when a checkpoint does not count since its directory is not here. */
  #reportLost(index: number): void {
    const { checkpoints, graph, reporter } = this.#options;
    const path = checkpoints?.lost.get(index);
    if (path === undefined) return;
    checkpoints!.lost.delete(index);
    reporter.warn(
      index,
      `${graph.nodes[index]} runs again: its result is saved, but its directory ${path} is not there`,
    );
  }

  // Running

  #run(index: number): Awaitable<void> {
    const { graph, container, fingerprints, reporter, signal, laneOf, directories } = this.#options;
    const node = graph.nodes[index]!;
    const attempt = this.#retries.begin(node);
    reporter.emit(index, (info) => ({
      type: 'task-started',
      node: info,
      attempt,
      queue: node.task.queue,
      executor: laneOf(node).executor.name,
      requires: reporter.requiredBy(index),
    }));
    const start = performance.now();
    try {
      if (fingerprints.failed.has(index)) throw fingerprints.failed.get(index);
      const requirements = node.requirements.map((template) =>
        template === ownDirectory
          ? directories.make(node, reporter.keyOf(index), this.#goesOnWithout)
          : fill(template, this.#resultOf),
      );
      const execute = (until: AbortSignal) => {
        const context = new AttemptContext(node, attempt, until, reporter);
        return laneOf(node).executor.execute({ node, requirements, context, container });
      };
      const { timeout } = node.task.options;
      const result = timeout === undefined ? execute(signal) : withTimeout(timeout, signal, execute);
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

  /** Whether a task whose directory cannot be kept has one all the same; its result is not saved. */
  readonly #goesOnWithout = ({ index }: GraphNode, error: unknown): boolean => {
    void this.#faults.take(index, error);
    return !this.#options.state.fatal;
  };

  readonly #resultOf = (node: GraphNode): unknown => this.#frontier.resultOf(node.index);

  /** A task gave a result: it is serialised before anyone receives it, so that all see the same value. */
  #ran(index: number, attempt: number, result: unknown, start: number): void {
    const { graph, checkpoints } = this.#options;
    const { task } = graph.nodes[index]!;
    const seconds = (performance.now() - start) / 1000;
    if (result instanceof SentResult) {
      this.#scheduler.track(this.#receive(index, attempt, result, seconds));
      return;
    }
    try {
      const { encoded, holdsRefs } =
        task.save && checkpoints
          ? encodeWithRefs(result, (value) => checkpoints.encode(index, value))
          : { encoded: undefined, holdsRefs: holdsRef(result) };
      const made = { index, result, holdsRefs, seconds };
      this.#settle(index, result);
      if (isPromiseLike(encoded) || (checkpoints && task.hasFingerprint))
        this.#scheduler.track(this.#keepLater(made, attempt, encoded));
      else this.#keep(made, encoded as EncodedResult | undefined);
    } catch (error) {
      this.#failed(index, attempt, error);
    }
  }

  /** A result comes from elsewhere, as bytes. */
  async #receive(index: number, attempt: number, sent: SentResult, seconds: number): Promise<void> {
    const { graph, checkpoints } = this.#options;
    const { holdsRefs, encoding } = sent;
    try {
      const result = await sent.value();
      const isSaved = graph.nodes[index]!.task.save && checkpoints;
      const encoded = isSaved
        ? checkpoints.encodeSent(index, encoding, holdsRefs ? toStored(result) : result)
        : undefined;
      this.#settle(index, result);
      await this.#keepLater({ index, result, holdsRefs, seconds }, attempt, encoded);
    } catch (error) {
      this.#failed(index, attempt, error);
    }
  }

  /** Makes a result fit for others to see. */
  #settle(index: number, result: unknown): void {
    if (typeof result !== 'object' || result === null) return;
    const { graph, checkpoints, freezes } = this.#options;
    const isSaved = checkpoints && graph.nodes[index]!.task.save;
    if (freezes && (isSaved || this.#frontier.hasSeveralUsers(index))) deepFreeze(result);
  }

  async #keepLater(made: Made, attempt: number, encoding: Awaitable<EncodedResult | undefined>): Promise<void> {
    try {
      const encoded = await encoding;
      await this.#outdated.check(made.index);
      this.#keep(made, encoded);
    } catch (error) {
      this.#failed(made.index, attempt, error);
    }
  }

  #keep(made: Made, encoded: EncodedResult | undefined): void {
    const { index, holdsRefs, seconds } = made;
    const provenance = this.#provenanceOf(index);
    const isOutdated = this.#outdated.has(index);
    if (encoded) {
      this.#saves.noteRan(index, encoded);
      if (!isOutdated && !this.#faults.untouchable.has(index)) {
        const origin = provenance || holdsRefs ? { provenance, holdsRefs } : undefined;
        const written = this.#saves.save(index, encoded, seconds, origin);
        if (written) {
          this.#scheduler.track(written.then(() => this.#done(made)));
          return;
        }
      }
    }
    this.#done(made);
  }

  #done({ index, result, holdsRefs, seconds }: Made): void {
    const { graph, reporter, directories } = this.#options;
    const node = graph.nodes[index]!;
    reporter.tally.ran++;
    reporter.emit(index, (info) => ({ type: 'task-finished', node: info, seconds }));
    if (node.task.hasDirectory) directories.done(node, result);
    if (node.task.hasCheckpoint) this.#scheduler.track(this.#hooks.checkpoint(index, result));
    this.#arrive(index, result, holdsRefs);
  }

  #failed(index: number, attempt: number, cause: unknown, mayRetry = true): void {
    const { graph, reporter, fingerprints, state, directories } = this.#options;
    const node = graph.nodes[index]!;
    if (node.task.hasDirectory) directories.discard(node);
    const error = new TaskFailedError({
      node,
      key: reporter.keyOf(index),
      requiredBy: [...this.#options.path, ...pathTo(graph, index).slice(0, -1)],
      attempts: attempt,
      cause,
    });
    const willRetry =
      mayRetry && !state.isEnding && !fingerprints.failed.has(index) && this.#retries.allows(node, attempt);
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
