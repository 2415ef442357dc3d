import { TidemarkError } from '../error';
import type { Lease, Leases } from '../storage/lease/lease';
import type { TaskKey } from '../task/context';
import type { Attempts } from './attempts';
import type { ExecutionParts } from './execution-parts';
import type { Loading } from './loading';
import { chain, type RunningTask } from './running-task';

/** What it needs besides what all share. */
export interface ExclusiveParts extends ExecutionParts {
  readonly loading: Loading;
  readonly attempts: Attempts;
}

/** Sees to it that a key is computed in one place, of all that use the same storage: there is a lease for it. */
export class Exclusive {
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
    if (laneOf(node).executor.sharesStorage || fingerprints.isKeyless(index) || faults.untouchable.has(index))
      return undefined;
    return checkpoints.leases;
  }

  /** Runs a node by its lease, loads what another process has saved meanwhile, or waits for that without a slot. */
  async begin(index: number, leases: Leases): Promise<void> {
    const { keys, loading, attempts } = this.#parts;
    const key = keys.of(index);
    let lease: Lease | undefined;
    try {
      lease = await leases.take(key);
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
    await faults.take(index, error);
    if (!state.fatal) await attempts.run(index);
  }

  #wait(index: number, key: TaskKey, leases: Leases): void {
    const { state, scheduler, frontier, faults, reporter } = this.#parts;
    reporter.emit(index, (node) => ({ type: 'task-waiting', node }));
    const ending = new AbortController();
    const letGo = state.whenEnding(() => ending.abort());
    const waited = leases.whenFree(key, ending.signal).catch((error: unknown) => {
      if (!ending.signal.aborted) return faults.take(index, error);
    });
    scheduler.track(
      waited.then(() => {
        letGo();
        frontier.retry(index);
      }),
    );
  }
}
