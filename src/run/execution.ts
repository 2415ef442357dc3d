import { isPromiseLike } from '../awaitable';
import { TidemarkError } from '../error';
import type { GraphNode } from '../graph/node';
import type { TaskKey } from '../task/context';
import { Arrivals } from './arrivals';
import { AttemptContext } from './attempt-context';
import { Attempts } from './attempts';
import { Beginnings } from './beginnings';
import type { Facts } from './claims';
import { Action, Demand } from './demand';
import type { Child, Target } from './dynamic';
import { Exclusive } from './exclusive';
import type { ExecutionOptions } from './execution-options';
import { Frontier, State } from './frontier';
import { Hooks } from './hooks';
import type { ActiveRun } from './identical-runs';
import { Joins } from './joins';
import { Lineage } from './lineage';
import { Loading } from './loading';
import type { Outcome } from './outcome';
import { Outdated } from './outdated';
import { Ready } from './ready';
import { ResultSharing } from './result-sharing';
import { Results } from './results';
import { Retries } from './retries';
import { Saves } from './saves';
import { Scheduler } from './scheduler';
import { StorageFaults } from './storage-faults';
import { StoredResults } from './stored-results';
import { Targets } from './targets';

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
  readonly #storedResults: StoredResults;
  readonly #arrivals: Arrivals;
  readonly #beginnings: Beginnings;
  readonly #joins: Joins;
  readonly #targets: Targets;
  readonly #sharing: ResultSharing;

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
      leave: (index) => this.#joins.leave(index),
      onFault: (index, { layer, error }) => this.#faults.take(index, error, layer),
      onDecided: (index, action) => this.#loading.takeDecision(index, action),
    });
    this.#ready = new Ready(options.graph.nodes.length, (index) =>
      this.#demand.actions[index] === Action.load ? options.loadLane : options.laneOf(options.graph.nodes[index]!),
    );
    this.#frontier = new Frontier(options.graph, this.#demand.actions, this.#ready);
    this.#scheduler = new Scheduler(
      this.#frontier,
      this.#ready,
      { begin: (index) => this.#beginnings.begin(index), isEnding: () => options.state.isEnding },
      options.activity,
      options.scope,
    );
    this.#joins = new Joins({ ...options, demand: this.#demand, frontier: this.#frontier });
    this.#saves = new Saves({
      ...options,
      scheduler: this.#scheduler,
      stale: this.#demand.stale,
      onFailure: (index, error) => this.#faults.take(index, error),
      onOver: (index, isSaved) => this.#joins.end(index, { type: isSaved ? 'saved' : 'unsaved' }),
    });
    this.#targets = new Targets(options, this.#frontier);
    this.#sharing = new ResultSharing({ ...options, frontier: this.#frontier });
    const sharing = this.#sharing;
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
      joins: this.#joins,
      arrive: (index: number, value: unknown, holdsRefs: boolean) => this.#arrivals.take(index, value, holdsRefs),
      skip: this.#skip,
    };
    const outdated = new Outdated(options);
    this.#storedResults = new StoredResults({ ...parts, outdated, sharing });
    const storedResults = this.#storedResults;
    const fail: Attempts['fail'] = (attempt, cause) => this.#attempts.fail(attempt, cause);
    const results = new Results({ ...parts, hooks, storedResults, outdated, sharing, fail });
    this.#attempts = new Attempts({ ...parts, retries: this.#retries, storedResults, results });
    const failForGood = (index: number, error: unknown) => this.#attempts.failForGood(index, error);
    this.#loading = new Loading({ ...parts, sharing, fail: failForGood });
    this.#arrivals = new Arrivals({ ...parts, execution: this, sharing, fail: failForGood });
    const ways = { ...parts, sharing, loading: this.#loading, attempts: this.#attempts };
    const exclusive = new Exclusive(ways);
    this.#beginnings = new Beginnings({ ...ways, execution: this, arrivals: this.#arrivals, exclusive, storedResults });
  }

  /** Runs to the end. Gives what was wanted; throws a RunFailedError when that could not be had. */
  async run(hooks: RunHooks): Promise<unknown> {
    this.#options.reporter.started();
    const restored = hooks.restore && (await this.#hook('restore', hooks.restore));
    if (restored !== undefined) return restored;
    if (hooks.checkpoint) this.#sharing.addHookOfRun();
    if (!(await this.complete())) this.#targets.throwIfFailed();
    const forHook = hooks.checkpoint && this.#targets.value(this.#sharing.forHookOfRun());
    const value = this.value();
    if (hooks.checkpoint) await this.#hook('checkpoint', () => hooks.checkpoint!(forHook));
    return value;
  }

  async #hook(name: 'restore' | 'checkpoint', call: () => unknown): Promise<unknown> {
    const { call: openCall, scope } = this.#options;
    try {
      return await openCall.waitFor(
        () => `${name}() of the run`,
        scope.enter(async () => call()),
      );
    } catch (error) {
      this.#options.reporter.hookFailed(undefined, name, error);
      return undefined;
    }
  }

  /** Runs to the end. Gives whether all that was wanted is there. */
  async complete(): Promise<boolean> {
    const { storageFailure, state } = this.#options;
    if (storageFailure) void this.#faults.take(undefined, storageFailure.error);
    const letGo = state.whenEnding(() => {
      this.#retries.giveUp();
      this.#scheduler.drain();
    });
    const active = this.#activeRun();
    try {
      await this.#execute(active && this.#options.identicalRuns!.add(active)?.joins);
    } finally {
      if (active) this.#options.identicalRuns!.delete(active);
      this.#joins.endAll();
    }
    this.#skip(this.#frontier.skipWaiting());
    letGo();
    return this.#targets.areThere;
  }

  /** @param leader an identical run that began before */
  async #execute(leader: Joins | undefined): Promise<void> {
    const { graph, state, activity } = this.#options;
    this.#beginnings.noteLook(leader);
    const decided = this.#demand.decide(graph.targets.map(({ index }) => index));
    if (isPromiseLike(decided)) await activity.during(decided);
    if (state.isEnding) return;
    this.#frontier.admit(graph.order);
    this.#loading.begin();
    await this.#scheduler.run();
    for (const index of await this.#storedResults.loadTargets())
      this.#attempts.failForGood(index, new TidemarkError('its result was in the storage, and is not there any more'));
  }

  /** This execution, for identical runs; undefined when it leaves nothing to others. */
  #activeRun(): ActiveRun | undefined {
    const { identicalRuns, checkpoints, graph } = this.#options;
    if (!identicalRuns || !checkpoints?.isSaving || graph.targets.length === 0) return undefined;
    return { ...this.#options, joins: this.#joins };
  }

  /** What was wanted. */
  value(): unknown {
    return this.#targets.value(this.#sharing.forCaller());
  }

  /** Each of what was wanted, once it is there. */
  targets(): readonly Target[] {
    return this.#options.graph.targets.map((node) => ({ node, ...this.factsOf(node) }));
  }

  /** Whether what was wanted is a single result that still holds refs. */
  holdsRaw(): boolean {
    return !this.#options.resolvesTargets && this.#arrivals.haveRaw;
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
    return this.#frontier.states[index] === State.started || this.#frontier.canGive(index);
  }

  factsOf({ index }: GraphNode): Facts {
    return {
      key: this.#options.reporter.keyOf(index),
      digest: this.#saves.digestOf(index),
      ranAnew: this.#saves.ranAnew(index),
      provenance: this.#lineage.of(index),
    };
  }

  /** Calls back with a node's result once it is there, or with undefined when there will be none. */
  whenOver({ index }: GraphNode, callback: (outcome: Outcome | undefined) => void): void {
    this.#frontier.whenOver(index, (outcome) =>
      callback(outcome && { value: this.#sharing.forOtherExecution(index, outcome.value) }),
    );
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

  readonly #skip = (indices: readonly number[]): void => {
    const { reporter } = this.#options;
    for (const index of indices) {
      reporter.tally.skipped++;
      reporter.emit(index, (node) => ({ type: 'task-skipped', node }));
    }
  };
}
