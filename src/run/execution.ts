import { isPromiseLike } from '../base/awaitable';
import { TidemarkError } from '../base/error';
import type { GraphNode } from '../graph/node';
import type { TaskKey } from '../task/context';
import { AttemptContext } from './attempt';
import { ChangedInputs } from './changed-inputs';
import { Action, Decider } from './decide';
import { ResultDelivery } from './dynamic/deliver-result';
import type { ResultMetadata } from './dynamic/node-claims';
import { NodeProvenances } from './dynamic/provenance';
import type { ChildExecution, TargetResult } from './dynamic/resolve-refs';
import type { ExecutionOptions } from './execution-options';
import { ExecutionOutput } from './execution-output';
import type { ActiveRun } from './join/identical-runs';
import { Joins } from './join/joins';
import { ResultLoader } from './load-result';
import { NodeStates, State } from './node-states';
import type { Outcome } from './outcome';
import { ReadyQueue } from './ready-queue';
import { RemoteResults } from './remote-results';
import { ResultSharing } from './result-sharing';
import { Retries, TaskRunner } from './run-task';
import { ResultWriter } from './save-result';
import { Scheduler } from './scheduler';
import { ResultPipeline } from './settle-result';
import { LeasedRuns, NodeStarter } from './start-node';
import { StorageErrorPolicy } from './storage-error-policy';
import { TaskHooks } from './task-hooks';

/** The run's own ways to get what was wanted from somewhere, and to put it there. */
export interface RunHooks {
  readonly restore?: (() => unknown) | undefined;
  readonly checkpoint?: ((result: any) => unknown) | undefined;
}

/** One execution of a graph, of which a run has one, and one more for each result that holds refs: loads or computes what the target needs, saves what is to be saved. */
export class Execution implements ChildExecution {
  readonly #options: ExecutionOptions;
  readonly #demand: Decider;
  readonly #frontier: NodeStates;
  readonly #ready: ReadyQueue;
  readonly #scheduler: Scheduler;
  readonly #retries: Retries;
  readonly #saves: ResultWriter;
  readonly #faults: StorageErrorPolicy;
  readonly #lineage: NodeProvenances;
  readonly #loading: ResultLoader;
  readonly #attempts: TaskRunner;
  readonly #storedResults: RemoteResults;
  readonly #arrivals: ResultDelivery;
  readonly #beginnings: NodeStarter;
  readonly #joins: Joins;
  readonly #targets: ExecutionOutput;
  readonly #sharing: ResultSharing;

  constructor(options: ExecutionOptions) {
    this.#options = options;
    this.#faults = new StorageErrorPolicy(options);
    const { graph, reporter, signal } = options;
    const contextOf = (index: number) => new AttemptContext(graph.nodes[index]!, 1, signal, reporter);
    const hooks = new TaskHooks({ ...options, contextOf });
    this.#demand = new Decider(options.graph, {
      checkpoints: options.checkpoints,
      hasUnknownKey: options.fingerprints.hasUnknownKey,
      isForced: options.isForced,
      restore: (index) => hooks.restore(index),
      leaveToOtherRun: (index) => this.#joins.leaveToOtherRun(index),
      onFault: (index, { store, error }) => this.#faults.handle(index, error, store),
      onDecided: (index, action) => this.#loading.recordDecision(index, action),
    });
    this.#ready = new ReadyQueue(options.graph.nodes.length, (index) =>
      this.#demand.actions[index] === Action.load ? options.loadLane : options.laneOf(options.graph.nodes[index]!),
    );
    this.#frontier = new NodeStates(options.graph, this.#demand.actions, this.#ready);
    this.#scheduler = new Scheduler(
      this.#frontier,
      this.#ready,
      { start: (index) => this.#beginnings.start(index), isEnding: () => options.state.isEnding },
      options.activity,
      options.scope,
    );
    this.#joins = new Joins({ ...options, demand: this.#demand, frontier: this.#frontier });
    this.#saves = new ResultWriter({
      ...options,
      scheduler: this.#scheduler,
      stale: this.#demand.stale,
      onFailure: (index, error) => this.#faults.handle(index, error),
      onOver: (index, isSaved) => this.#joins.end(index, { type: isSaved ? 'saved' : 'unsaved' }),
    });
    this.#targets = new ExecutionOutput(options, this.#frontier);
    this.#sharing = new ResultSharing({ ...options, frontier: this.#frontier });
    const sharing = this.#sharing;
    this.#retries = new Retries(this.#frontier, this.#scheduler);
    this.#lineage = new NodeProvenances(graph);
    const parts = {
      ...options,
      demand: this.#demand,
      frontier: this.#frontier,
      scheduler: this.#scheduler,
      saves: this.#saves,
      faults: this.#faults,
      lineage: this.#lineage,
      joins: this.#joins,
      arrive: (index: number, value: unknown, holdsRefs: boolean) => this.#arrivals.deliver(index, value, holdsRefs),
      skip: this.#skip,
    };
    const outdated = new ChangedInputs(options);
    this.#storedResults = new RemoteResults({ ...parts, outdated, sharing });
    const storedResults = this.#storedResults;
    const fail: TaskRunner['fail'] = (attempt, cause) => this.#attempts.fail(attempt, cause);
    const results = new ResultPipeline({ ...parts, hooks, storedResults, outdated, sharing, fail });
    this.#attempts = new TaskRunner({ ...parts, retries: this.#retries, storedResults, results });
    const failForGood = (index: number, error: unknown) => this.#attempts.failForGood(index, error);
    this.#loading = new ResultLoader({ ...parts, sharing, fail: failForGood });
    this.#arrivals = new ResultDelivery({ ...parts, execution: this, sharing, fail: failForGood });
    const ways = { ...parts, sharing, loading: this.#loading, attempts: this.#attempts };
    const exclusive = new LeasedRuns(ways);
    this.#beginnings = new NodeStarter({
      ...ways,
      execution: this,
      arrivals: this.#arrivals,
      exclusive,
      storedResults,
    });
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
    if (storageFailure) void this.#faults.handle(undefined, storageFailure.error);
    const letGo = state.onEnding(() => {
      this.#retries.giveUp();
      this.#scheduler.pump();
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
    return this.#targets.isComplete;
  }

  /** @param leader an identical run that began before */
  async #execute(leader: Joins | undefined): Promise<void> {
    const { graph, state, activity } = this.#options;
    this.#beginnings.noteLook(leader);
    const decided = this.#demand.decide(graph.targets.map(({ index }) => index));
    if (isPromiseLike(decided)) await activity.track(decided);
    if (state.isEnding) return;
    this.#frontier.enqueue(graph.order);
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
  targets(): readonly TargetResult[] {
    return this.#options.graph.targets.map((node) => ({ node, ...this.metadataOf(node) }));
  }

  /** Whether what was wanted is a single result that still holds refs. */
  isUnresolved(): boolean {
    return !this.#options.resolvesTargets && this.#arrivals.hasUnresolved;
  }

  marksOn({ index }: GraphNode): readonly string[] {
    return this.#options.checkpoints?.marksOn(index) ?? [];
  }

  /** The nodes that have begun and of which more than a memory is left, with their keys. */
  *startedNodes(): IterableIterator<readonly [TaskKey, GraphNode]> {
    for (const node of this.#options.graph.nodes) {
      const key = this.mayHave(node) ? this.#options.reporter.keyOf(node.index) : undefined;
      if (key !== undefined) yield [key, node];
    }
  }

  /** Whether a node has a result, or is about to have one. */
  mayHave({ index }: GraphNode): boolean {
    return this.#frontier.states[index] === State.started || this.#frontier.isAvailable(index);
  }

  metadataOf({ index }: GraphNode): ResultMetadata {
    return {
      key: this.#options.reporter.keyOf(index),
      digest: this.#saves.digestOf(index),
      isComputedNow: this.#saves.ranAnew(index),
      provenance: this.#lineage.get(index),
    };
  }

  /** Calls back with a node's result once it is there, or with undefined when there will be none. */
  onSettled({ index }: GraphNode, callback: (outcome: Outcome | undefined) => void): void {
    this.#frontier.onSettled(index, (outcome) =>
      callback(outcome && { value: this.#sharing.forOtherExecution(index, outcome.value) }),
    );
  }

  /** Whether something only waits for room. */
  get canStart(): boolean {
    return !this.#ready.isEmpty;
  }

  /** The first requirement of a node that is not there yet; of none, the first of what is wanted. */
  firstUnsettled(node: GraphNode | undefined): GraphNode | undefined {
    const index = this.#frontier.firstUnsettled(node?.index);
    return index === undefined ? undefined : this.#options.graph.nodes[index];
  }

  readonly #skip = (indices: readonly number[]): void => {
    const { reporter } = this.#options;
    for (const index of indices) {
      reporter.counters.skipped++;
      reporter.emit(index, (node) => ({ type: 'task-skipped', node }));
    }
  };
}
