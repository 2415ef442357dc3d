import type { Awaitable } from '../base/awaitable';
import { TidemarkError } from '../base/error';
import type { Lease, Leases } from '../storage/leases/lease';
import type { TaskKey } from '../task/context';
import { chain, type RunningTask } from './async-context';
import { Action } from './decide';
import type { ResultDelivery } from './dynamic/deliver-result';
import type { Claim, ExecutionPeer } from './dynamic/node-claims';
import { holdsRef } from './dynamic/refs-in-results';
import type { ExecutionParts } from './execution-parts';
import type { Computation } from './join/computations';
import type { Joins } from './join/joins';
import type { ResultLoader } from './load-result';
import type { RemoteResults } from './remote-results';
import type { ResultSharing } from './result-sharing';
import type { TaskRunner } from './run-task';

/** What it needs besides what all share. */
interface ExclusiveParts extends ExecutionParts {
  readonly loading: ResultLoader;
  readonly attempts: TaskRunner;
}

/** Sees to it that a key is computed in one place, of all that use the same storage: there is a lease for it. */
export class LeasedRuns {
  readonly #parts: ExclusiveParts;

  constructor(parts: ExclusiveParts) {
    this.#parts = parts;
  }

  /** The leases for a node's key; undefined when it just runs. */
  leasesFor(index: number): Leases | undefined {
    const { graph, checkpoints, laneOf, fingerprints, faults } = this.#parts;
    const node = graph.nodes[index]!;
    if (!node.task.isOnceEverywhere || !checkpoints?.isSaving) return undefined;
    // Where the storage is shared, who runs it takes the lease.
    if (laneOf(node).executor.sharesStorage || fingerprints.hasUnknownKey(index) || faults.doNotOverwrite.has(index))
      return undefined;
    return checkpoints.leases;
  }

  /** Runs a node by its lease, loads what another process has saved meanwhile, or waits for that without a slot. */
  async runWithLease(index: number, leases: Leases): Promise<void> {
    const { keys, loading, attempts } = this.#parts;
    const key = keys.get(index);
    let lease: Lease | undefined;
    try {
      lease = await leases.acquire(key);
    } catch (error) {
      return this.#failed(index, error);
    }
    if (!lease) {
      const holder = [...chain(this.#parts.scope.parent)].find(({ leasedKey }) => leasedKey === key);
      return holder ? this.#refuseCycle(index, holder) : this.#wait(index, key, leases);
    }
    if (await loading.loadIfSaved(index)) await lease.release();
    else await attempts.run(index, lease);
  }

  /** The key is being computed by a task that started this run, and waits for it. */
  #refuseCycle(index: number, { node }: RunningTask): void {
    const { attempts } = this.#parts;
    attempts.failForGood(
      index,
      new TidemarkError(
        `it is being computed by ${node}, which started this run and waits for it: a task cannot run itself`,
      ),
    );
  }

  /** The storage has no leases to give just now; unless that ends the run, the task runs, and nothing is saved. */
  async #failed(index: number, error: unknown): Promise<void> {
    const { faults, state, attempts } = this.#parts;
    await faults.handle(index, error);
    if (!state.fatal) await attempts.run(index);
  }

  #wait(index: number, key: TaskKey, leases: Leases): void {
    const { state, scheduler, frontier, faults, reporter } = this.#parts;
    reporter.emit(index, (node) => ({ type: 'task-waiting', node }));
    const ending = new AbortController();
    const letGo = state.onEnding(() => ending.abort());
    const waited = leases.whenFree(key, ending.signal).catch((error: unknown) => {
      if (!ending.signal.aborted) return faults.handle(index, error);
    });
    scheduler.track(
      waited.then(() => {
        letGo();
        frontier.retry(index);
      }),
    );
  }
}

/** What it needs besides what all share. */
interface BeginningsParts extends ExecutionParts {
  /** Whose nodes begin. */
  readonly execution: ExecutionPeer;
  readonly arrivals: ResultDelivery;
  readonly loading: ResultLoader;
  readonly attempts: TaskRunner;
  readonly exclusive: LeasedRuns;
  readonly sharing: ResultSharing;
  readonly storedResults: RemoteResults;
}

/** Begins the nodes of one execution: each is loaded, run, or waited for when another execution has it. */
export class NodeStarter {
  readonly #parts: BeginningsParts;
  /** How much of other executions was gone when this one looked for checkpoints. */
  #goneBefore = 0;

  constructor(parts: BeginningsParts) {
    this.#parts = parts;
  }

  /** Checkpoints are looked for now: what others save later is not seen. @param leader see `Joins.begin` */
  noteLook(leader: Joins | undefined): void {
    this.#goneBefore = this.#parts.dynamic.claims.goneCount;
    this.#parts.joins.begin(leader);
  }

  /** Over once the node needs no slot. */
  start(index: number): Awaitable<void> {
    const { dynamic, graph, reporter, execution, scheduler, arrivals, sharing, skip, frontier, attempts } = this.#parts;
    const { claims } = dynamic;
    const node = graph.nodes[index]!;
    const key = claims.isActive ? reporter.keyOf(index) : undefined;
    let other: Claim | undefined;
    try {
      other = key && claims.claim(key, execution, node);
    } catch (error) {
      return attempts.failForGood(index, error);
    }
    if (!other) return this.#begin(index);
    // It holds no slot while it waits.
    scheduler.wait(
      claims.waitForOutcome(node, other).then((outcome) => {
        if (!outcome) return skip(frontier.fail(index));
        arrivals.recordMetadata(index, other.execution.metadataOf(other.node));
        sharing.settleOwn(index, outcome.value);
        return arrivals.deliver(index, outcome.value, holdsRef(outcome.value));
      }),
    );
    return undefined;
  }

  /** A node that no other execution of this run has: another run may compute it, or may have done so meanwhile. */
  #begin(index: number): Awaitable<void> {
    const { demand, dynamic, joins, loading, attempts } = this.#parts;
    const isLoaded = demand.actions[index] === Action.load;
    let computation: Computation | undefined;
    try {
      if (!isLoaded || joins.isLeft(index)) computation = joins.find(index);
    } catch (error) {
      return attempts.failForGood(index, error);
    }
    if (computation) return this.#join(index, computation);
    const mustLookUp = joins.mustLookUp(index);
    if (isLoaded) return mustLookUp ? loading.loadLeft(index) : loading.load(index);
    joins.start(index);
    return mustLookUp || dynamic.claims.goneCount !== this.#goneBefore ? this.#lookAgain(index) : this.#run(index);
  }

  /** Waits for another run, without a slot. */
  #join(index: number, computation: Computation): void {
    const { joins, reporter, scheduler, frontier, attempts, state, skip } = this.#parts;
    reporter.emit(index, (node) => ({ type: 'task-waiting', node }));
    scheduler.track(
      joins.wait(index, computation).then((ending) => {
        if (ending?.type === 'failed') return attempts.failForGood(index, ending.cause, ending.attempts);
        if (ending?.type === 'skipped') {
          skip([index, ...frontier.fail(index)]);
          if (!state.errors.includes(ending.error)) state.fail(ending.error);
          return undefined;
        }
        // When another run was stopped or cancelled, one of those that waited goes on, and the others wait for that.
        joins.lookUpNext(index, ending?.type === 'saved' || ending?.type === 'abandoned');
        return frontier.retry(index);
      }),
    );
  }

  /** Others may have saved what was not there yet when this execution looked. */
  async #lookAgain(index: number): Promise<void> {
    if (!(await this.#parts.loading.loadIfSaved(index))) await this.#run(index);
  }

  #run(index: number): Awaitable<void> {
    const loaded = this.#parts.storedResults.loadFor(index);
    return loaded ? this.#runAfter(index, loaded) : this.#runNow(index);
  }

  async #runAfter(index: number, loaded: Promise<readonly number[]>): Promise<void> {
    const gone = await loaded;
    await (gone.length > 0 ? this.#parts.loading.runAfter(index, gone) : this.#runNow(index));
  }

  #runNow(index: number): Awaitable<void> {
    const { exclusive, attempts } = this.#parts;
    const leases = exclusive.leasesFor(index);
    return leases ? exclusive.runWithLease(index, leases) : attempts.run(index);
  }
}
