import type { Awaitable } from '../base/awaitable';
import { TidemarkError } from '../base/error';
import type { Lease, Leases } from '../storage/leases/lease';
import type { TaskKey } from '../task/context';
import { chain, type RunningTask } from './async-context';
import type { ResultDelivery } from './dynamic/deliver-result';
import type { Claim, ExecutionPeer } from './dynamic/node-claims';
import { holdsRef } from './encode-result';
import type { Computation } from './join/computations';
import type { Joins } from './join/joins';
import type { ResultLoader } from './load-result';
import type { NodeFailures } from './node-failures';
import type { NodeStates } from './node-states';
import type { PendingWork } from './pending-work';
import type { RemoteResults } from './remote-results';
import type { ResultSharing } from './result-sharing';
import type { RunContext, RunGraph } from './run-context';
import type { TaskRunner } from './run-task';
import type { StorageErrorPolicy } from './storage-error-policy';

/** The dependencies of a lease runner. */
interface LeasedRunsParts {
  readonly run: Pick<RunContext, 'queueOf' | 'scope' | 'state'>;
  readonly graph: RunGraph;
  readonly states: NodeStates;
  readonly policy: StorageErrorPolicy;
  readonly loader: ResultLoader;
  readonly runner: TaskRunner;
  readonly failures: NodeFailures;
  readonly work: PendingWork;
}

/** Runs nodes, under a lease if their tasks run once everywhere, so that only one process computes each key. */
export class LeasedRuns {
  readonly #parts: LeasedRunsParts;

  constructor(parts: LeasedRunsParts) {
    this.#parts = parts;
  }

  run(index: number): Awaitable<void> {
    const leases = this.#leasesFor(index);
    return leases ? this.#runWithLease(index, leases) : this.#parts.runner.run(index);
  }

  /** The leases for a node's key; undefined when it runs without one. */
  #leasesFor(index: number): Leases | undefined {
    const { run, states } = this.#parts;
    const { graph, checkpoints, fingerprints } = this.#parts.graph;
    const node = graph.nodes[index]!;
    if (!node.task.isOnceEverywhere || !checkpoints?.isSaving) return undefined;
    // With shared storage, the worker that runs the task takes the lease.
    if (run.queueOf(node).executor.sharesStorage) return undefined;
    if (fingerprints.hasUnknownKey(index) || states.facts.isProtected(index)) return undefined;
    return checkpoints.leases;
  }

  /** Runs a node under its lease, loads the result that another process saved, or waits for it without a slot. */
  async #runWithLease(index: number, leases: Leases): Promise<void> {
    const { run, graph, loader, runner } = this.#parts;
    const key = graph.keys.get(index);
    let lease: Lease | undefined;
    try {
      lease = await leases.acquire(key);
    } catch (error) {
      return this.#runWithout(index, error);
    }
    if (!lease) {
      const holder = [...chain(run.scope.parent)].find(({ leasedKey }) => leasedKey === key);
      return holder ? this.#failInCycle(index, holder) : this.#wait(index, key, leases);
    }
    if (await loader.loadIfSaved(index)) await lease.release();
    else await runner.run(index, lease);
  }

  /** Fails a node whose key is being computed by a task that started this run and waits for it. */
  #failInCycle(index: number, { node }: RunningTask): void {
    this.#parts.failures.fail(
      index,
      new TidemarkError(
        `it is being computed by ${node}, which started this run and waits for it: a task cannot run itself`,
      ),
    );
  }

  /** Handles a failure to take a lease; unless it ends the run, the task runs, and its result is not saved. */
  async #runWithout(index: number, error: unknown): Promise<void> {
    const { run, policy, runner } = this.#parts;
    await policy.handle(index, error);
    if (!run.state.fatal) await runner.run(index);
  }

  #wait(index: number, key: TaskKey, leases: Leases): void {
    const { run, graph, states, policy, work } = this.#parts;
    graph.reporter.emit(index, (node) => ({ type: 'task-waiting', node }));
    const ending = new AbortController();
    const unsubscribe = run.state.onEnding(() => ending.abort());
    const waited = leases.whenFree(key, ending.signal).catch((error: unknown) => {
      if (!ending.signal.aborted) return policy.handle(index, error);
    });
    work.track(
      waited.then(() => {
        unsubscribe();
        states.retry(index);
      }),
    );
  }
}

/** The dependencies of a node starter. */
interface NodeStarterParts {
  readonly run: Pick<RunContext, 'refResolver' | 'state'>;
  readonly graph: RunGraph;
  readonly states: NodeStates;
  readonly joins: Joins;
  readonly loader: ResultLoader;
  readonly remote: RemoteResults;
  readonly leased: LeasedRuns;
  readonly sharing: ResultSharing;
  readonly failures: NodeFailures;
  readonly work: PendingWork;
  readonly delivery: ResultDelivery;
  /** The execution whose nodes start. */
  readonly view: ExecutionPeer;
}

/** Starts the nodes of one execution: loads or runs each, or waits for another execution that has it. */
export class NodeStarter {
  readonly #parts: NodeStarterParts;
  /** The value of `NodeClaims.goneCount` when this execution looked up checkpoints. */
  #goneBefore = 0;

  constructor(parts: NodeStarterParts) {
    this.#parts = parts;
  }

  /** Marks the time of the lookups, which miss results saved later. @param leader see `Joins.begin` */
  beginLookups(leader: Joins | undefined): void {
    this.#goneBefore = this.#parts.run.refResolver.claims.goneCount;
    this.#parts.joins.begin(leader);
  }

  /** Resolves once the node needs no slot. */
  start(index: number): Awaitable<void> {
    const { run, graph, view, failures } = this.#parts;
    const { claims } = run.refResolver;
    const key = claims.isActive ? graph.reporter.keyOf(index) : undefined;
    let other: Claim | undefined;
    try {
      other = key && claims.claim(key, view, graph.graph.nodes[index]!);
    } catch (error) {
      return failures.fail(index, error);
    }
    return other ? this.#waitForClaim(index, other) : this.#startUnclaimed(index);
  }

  /** Waits, without a slot, for another execution of this run that has the node. */
  #waitForClaim(index: number, other: Claim): undefined {
    const { run, graph, work, failures, sharing, delivery } = this.#parts;
    work.wait(
      run.refResolver.claims.waitForOutcome(graph.graph.nodes[index]!, other).then((outcome) => {
        if (!outcome) return failures.failSilently(index);
        delivery.recordMetadata(index, other.execution.metadataOf(other.node));
        sharing.settleOwn(index, outcome.value);
        return delivery.deliver(index, outcome.value, holdsRef(outcome.value));
      }),
    );
  }

  /** Starts a node that no other execution of this run has; another run may be computing it or have saved it. */
  #startUnclaimed(index: number): Awaitable<void> {
    const { run, states, joins, loader, failures } = this.#parts;
    const isLoaded = !states.isToRun(index);
    let computation: Computation | undefined;
    try {
      if (!isLoaded || joins.isLeft(index)) computation = joins.find(index);
    } catch (error) {
      return failures.fail(index, error);
    }
    if (computation) return this.#join(index, computation);
    const mustLookUp = joins.mustLookUp(index);
    if (isLoaded) return mustLookUp ? loader.loadLeft(index) : loader.load(index);
    joins.start(index);
    const isLate = mustLookUp || run.refResolver.claims.goneCount !== this.#goneBefore;
    return isLate ? this.#loadOrRun(index) : this.#run(index);
  }

  /** Waits for another run, without a slot. */
  #join(index: number, computation: Computation): void {
    const { run, graph, states, joins, work, failures } = this.#parts;
    graph.reporter.emit(index, (node) => ({ type: 'task-waiting', node }));
    work.track(
      joins.wait(index, computation).then((end) => {
        if (end?.type === 'failed') return failures.fail(index, end.cause, end.attempts);
        if (end?.type === 'skipped') {
          failures.reportSkipped([index, ...states.fail(index)]);
          if (!run.state.errors.includes(end.error)) run.state.fail(end.error);
          return undefined;
        }
        // When that run was stopped or cancelled, one of the waiting runs computes the node, and the others wait for it.
        joins.lookUpNext(index, end?.type === 'saved' || end?.type === 'abandoned');
        return states.retry(index);
      }),
    );
  }

  /** True when others may have saved the node after this execution looked it up. */
  async #loadOrRun(index: number): Promise<void> {
    if (!(await this.#parts.loader.loadIfSaved(index))) await this.#run(index);
  }

  #run(index: number): Awaitable<void> {
    const { remote, leased } = this.#parts;
    const loaded = remote.loadFor(index);
    return loaded ? this.#runAfter(index, loaded) : leased.run(index);
  }

  async #runAfter(index: number, loaded: Promise<readonly number[]>): Promise<void> {
    const gone = await loaded;
    await (gone.length > 0 ? this.#parts.loader.runAfter(index, gone) : this.#parts.leased.run(index));
  }
}
