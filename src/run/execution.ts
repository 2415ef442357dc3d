import { type Awaitable, isPromiseLike } from '../awaitable';
import { deepFreeze } from '../encoding/freeze';
import { TidemarkError } from '../error';
import { pathTo } from '../graph/graph';
import type { GraphNode } from '../graph/node';
import { fill } from '../graph/structure';
import type { TaskKey } from '../task/context';
import { AttemptContext } from './attempt-context';
import { Attempts } from './attempts';
import type { Facts } from './claims';
import { Action, Demand } from './demand';
import { type Child, type Resolution, type Target, UnresolvedError } from './dynamic';
import { Exclusive } from './exclusive';
import type { ExecutionOptions } from './execution-options';
import { messageOf, RunFailedError, tasksFailed } from './failure';
import { Frontier, State } from './frontier';
import { holdsRef } from './holds-ref';
import { Hooks } from './hooks';
import { Lineage } from './lineage';
import { Loading } from './loading';
import type { Outcome } from './outcome';
import { Outdated } from './outdated';
import { Ready } from './ready';
import { Results } from './results';
import { Retries } from './retries';
import { Saves } from './saves';
import { Scheduler } from './scheduler';
import { StorageFaults } from './storage-faults';
import { loadedValue, StoredResults } from './stored-results';

/** The run's own ways to get what was wanted from somewhere, and to put it there. */
export interface RunHooks {
  readonly restore?: (() => unknown) | undefined;
  readonly checkpoint?: ((result: any) => unknown) | undefined;
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
  readonly #lineage: Lineage;
  readonly #loading: Loading;
  readonly #attempts: Attempts;
  readonly #exclusive: Exclusive;
  readonly #storedResults: StoredResults;
  /** How many other executions had ended when this one looked for checkpoints. */
  #endedBefore = 0;
  /** Targets whose results still hold refs. */
  readonly #raw = new Set<number>();

  constructor(options: ExecutionOptions) {
    this.#options = options;
    this.#faults = new StorageFaults(options);
    const { graph, reporter, signal } = options;
    const contextOf = (index: number) => new AttemptContext(graph.nodes[index]!, 1, signal, reporter);
    const hooks = new Hooks({ ...options, contextOf });
    this.#demand = new Demand(options.graph, {
      checkpoints: options.checkpoints,
      isKeyless: options.fingerprints.isKeyless,
      isForced: options.isForced,
      restore: (index) => hooks.restore(index),
      onFault: (index, { layer, error }) => this.#faults.take(index, error, layer),
      onDecided: (index, action) => this.#loading.takeDecision(index, action),
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
    this.#lineage = new Lineage(graph);
    const parts = {
      ...options,
      demand: this.#demand,
      frontier: this.#frontier,
      scheduler: this.#scheduler,
      saves: this.#saves,
      faults: this.#faults,
      lineage: this.#lineage,
      arrive: this.#arrive,
      skip: this.#skip,
    };
    const outdated = new Outdated(options);
    this.#storedResults = new StoredResults({ ...parts, outdated });
    const storedResults = this.#storedResults;
    const fail: Attempts['fail'] = (attempt, cause) => this.#attempts.fail(attempt, cause);
    const results = new Results({ ...parts, hooks, storedResults, outdated, fail });
    this.#attempts = new Attempts({ ...parts, retries: this.#retries, storedResults, results });
    this.#loading = new Loading({ ...parts, fail: (index, error) => this.#attempts.failForGood(index, error) });
    this.#exclusive = new Exclusive({ ...parts, loading: this.#loading, attempts: this.#attempts });
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
      this.#loading.begin();
      await this.#scheduler.run();
      for (const index of await this.#storedResults.loadTargets())
        this.#attempts.failForGood(
          index,
          new TidemarkError('its result was in the storage, and is not there any more'),
        );
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
      return fill(graph.target, ({ index }) => loadedValue(this.#frontier.resultOf(index)));
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
      if (this.#isLoad(index)) return this.#loading.load(index);
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
      provenance: this.#lineage.of(index),
    };
  }

  /** Another execution may have saved what was not there yet when this one looked. */
  async #lookAgain(index: number): Promise<void> {
    if (!(await this.#loading.loadIfSaved(index))) await this.#run(index);
  }

  #run(index: number): Awaitable<void> {
    const loaded = this.#storedResults.loadFor(index);
    return loaded ? this.#runAfter(index, loaded) : this.#runNow(index);
  }

  async #runAfter(index: number, loaded: Promise<readonly number[]>): Promise<void> {
    const gone = await loaded;
    await (gone.length > 0 ? this.#loading.runAfter(index, gone) : this.#runNow(index));
  }

  #runNow(index: number): Awaitable<void> {
    const leases = this.#exclusive.leasesFor(index);
    return leases ? this.#exclusive.begin(index, leases) : this.#attempts.run(index);
  }

  #takeOver(index: number, { digest, ranAnew, provenance }: Facts): void {
    this.#saves.noteResolved(index, digest, ranAnew);
    if (provenance) this.#lineage.note(index, provenance);
  }

  /** A result is there. When it holds refs, others get it once what these name is there as well. */
  readonly #arrive = (index: number, value: unknown, holdsRefs: boolean): void => {
    const { graph, resolvesTargets } = this.#options;
    const isRaw = holdsRefs && !resolvesTargets && graph.targets.includes(graph.nodes[index]!);
    if (isRaw) this.#raw.add(index);
    if (holdsRefs && !isRaw) this.#resolve(index, value);
    else this.#frontier.complete(index, value);
  };

  /** Runs what a result holds refs to. */
  #resolve(index: number, value: unknown): void {
    const { graph, dynamic, path, isTraced } = this.#options;
    const node = graph.nodes[index]!;
    const holder = {
      execution: this,
      node,
      // Nothing in a run comes from what is wanted alone: that would be a circle.
      isTraced: isTraced || graph.targets.length > 1 || this.#frontier.isRequired(index),
      path: [...path, ...pathTo(graph, index)],
      ...this.factsOf(node),
    };
    this.#scheduler.wait(
      dynamic.resolve(holder, value).then(
        (resolution) => this.#resolved(index, resolution),
        (error) => {
          if (error instanceof UnresolvedError) this.#skip(this.#frontier.fail(index));
          else this.#attempts.failForGood(index, error);
        },
      ),
    );
  }

  #resolved(index: number, { value, digest, ranAnew, provenance }: Resolution): void {
    const { freezes } = this.#options;
    if (freezes && this.#frontier.hasSeveralUsers(index)) deepFreeze(value);
    const earlier = this.#lineage.of(index);
    if (earlier) provenance.addAll(earlier);
    this.#takeOver(index, { key: undefined, digest, ranAnew, provenance });
    this.#frontier.complete(index, value);
  }

  readonly #skip = (indices: readonly number[]): void => {
    const { reporter } = this.#options;
    for (const index of indices) {
      reporter.tally.skipped++;
      reporter.emit(index, (node) => ({ type: 'task-skipped', node }));
    }
  };
}
