import { type Awaitable, andThen, isPromiseLike } from '../base/awaitable';
import { restoreRefs } from '../graph/stored-ref';
import type { CheckpointHit } from '../storage/storage-stack';
import { type Lookup, unusable } from '../storage/storage-stack';
import { changedRequirement } from '../storage/validity';
import type { TaskKey } from '../task/context';
import { Action } from './decide';
import { Provenance } from './dynamic/provenance';
import { holdsRef } from './dynamic/refs-in-results';
import type { ExecutionParts } from './execution-parts';
import type { ResultSharing } from './result-sharing';

/** Differs from every digest. */
const unknownDigest = '';

/** What loading needs besides what all share. */
export interface LoadingParts extends ExecutionParts {
  readonly sharing: ResultSharing;
  /** A node has no result for good. */
  fail(index: number, error: unknown): void;
}

/** Loads nodes from their checkpoints; one that turns out not to count, or not to be usable, runs instead. */
export class ResultLoader {
  readonly #parts: LoadingParts;
  /** What was decided since the last admission. */
  #decided: number[] | undefined;

  constructor(parts: LoadingParts) {
    this.#parts = parts;
  }

  /** The whole graph was admitted: from now on, what is decided is admitted piece by piece. */
  begin(): void {
    this.#decided = [];
  }

  load(index: number): Awaitable<void> {
    const { checkpoints, demand, faults, saves, state } = this.#parts;
    const restored = demand.restored.get(index);
    if (restored) return this.#restored(index, restored.value);
    const found = demand.found.get(index)!;
    const changed = this.#changedRequirement(index, found);
    if (changed !== undefined) {
      demand.stale.set(index, [...(demand.stale.get(index) ?? []), found]);
      return this.#fallBackToRun(index, `${changed} came out different this time`);
    }
    demand.found.delete(index);
    const start = performance.now();
    const failed = (error: unknown) =>
      andThen(faults.handle(index, error, found.from.store), () =>
        state.fatal ? undefined : this.#loadFromNextLayer(index, found),
      );
    try {
      const value = checkpoints!.load(index, found, (encoding) => {
        // Nothing is written over what could not be read.
        if (!faults.doNotOverwrite.has(index)) saves.promote(index, found, encoding);
      });
      if (!isPromiseLike(value)) return this.#loaded(index, found, value, start);
      return value.then((later) => this.#loaded(index, found, later, start), failed);
    } catch (error) {
      return failed(error);
    }
  }

  /** Looks again for the checkpoint of a node that is about to run: somebody else may have saved one. Gives whether it is loaded. */
  async loadIfSaved(index: number): Promise<boolean> {
    const { checkpoints, isForced, fingerprints, faults, state, demand, frontier, graph } = this.#parts;
    if (!checkpoints || !graph.nodes[index]!.task.save || fingerprints.hasUnknownKey(index)) return false;
    // It has been tried, and would be again and again.
    if (faults.doNotOverwrite.has(index)) return false;
    const lookup = await checkpoints.lookUp(index);
    for (const { store, error } of lookup.failures) await faults.handle(index, error, store);
    if (state.fatal) return true;
    const { found } = lookup;
    // What it requires is there by now: a checkpoint that came from something else would be run instead, and found again.
    const isUsed = found !== undefined && !isForced(index) && this.#changedRequirement(index, found) === undefined;
    const stale = found && !isUsed ? [...lookup.stale, found] : lookup.stale;
    if (stale.length > 0) demand.stale.set(index, stale);
    if (!isUsed) return false;
    demand.found.set(index, found);
    frontier.fallBackToLoad(index);
    await this.load(index);
    return true;
  }

  /** Loads a node that was left to another run, or runs it when that has not saved it. */
  async loadLeft(index: number): Promise<void> {
    await this.#acceptLookup(index, await this.#parts.checkpoints!.lookUp(index));
  }

  /** A checkpoint cannot be used: another layer may have it as well; when none has, the node runs. */
  #loadFromNextLayer(index: number, found: CheckpointHit): Awaitable<void> {
    const { checkpoints } = this.#parts;
    if (!checkpoints!.hasNextLayer(found)) return this.#fallBackToRun(index, unusable);
    return andThen(checkpoints!.lookUpNextLayer(index, found), (lookup) => this.#acceptLookup(index, lookup));
  }

  async #acceptLookup(index: number, { found, stale, failures }: Lookup): Promise<void> {
    const { faults, state, demand } = this.#parts;
    for (const { store, error } of failures) await faults.handle(index, error, store);
    if (state.fatal) return;
    if (stale.length > 0) demand.stale.set(index, [...(demand.stale.get(index) ?? []), ...stale]);
    if (!found) return this.#fallBackToRun(index, unusable);
    demand.found.set(index, found);
    await this.load(index);
  }

  /** Runs a node after all once what it requires and is gone has been loaded or computed again. */
  async runAfter(index: number, gone: readonly number[]): Promise<void> {
    for (const one of gone) this.#parts.frontier.invalidate(one);
    await this.#fallBackToRun(index, 'what it requires is gone');
  }

  /** Takes note of what is to happen to a node. */
  recordDecision(index: number, action: Action): void {
    if (action === Action.run) this.#reportLost(index);
    // Before the first admission nothing has been dropped, and the whole graph is admitted at once.
    if (this.#decided === undefined) return;
    if (action === Action.run) this.#parts.frontier.reset(index);
    this.#decided.push(index);
  }

  /** The key of a requirement that was computed anew in this run, with another result than a checkpoint came from. */
  #changedRequirement(index: number, { checkpoint }: CheckpointHit): TaskKey | undefined {
    const { keys, graph, saves } = this.#parts;
    let computed: [TaskKey, string][] | undefined;
    for (const required of graph.requirementsOf(index))
      if (saves.ranAnew(required))
        (computed ??= []).push([keys.get(required), saves.digestOf(required) ?? unknownDigest]);
    return computed && changedRequirement(checkpoint, computed);
  }

  #restored(index: number, value: unknown): void {
    const { sharing, reporter, demand, arrive } = this.#parts;
    demand.restored.delete(index);
    const settled = sharing.settleRestored(index, value);
    reporter.counters.loaded++;
    reporter.emit(index, (node) => ({ type: 'task-loaded', node, seconds: 0 }));
    arrive(index, settled, holdsRef(settled));
  }

  #loaded(index: number, { checkpoint }: CheckpointHit, value: unknown, start: number): void {
    const { sharing, reporter, saves, lineage, frontier, joins } = this.#parts;
    sharing.settleOwn(index, value);
    joins.end(index, { type: 'saved' });
    saves.recordLoaded(index, checkpoint.digest, frontier.wasSavedMeanwhile(index));
    reporter.counters.loaded++;
    this.#warnOfChangedSource(index, checkpoint);
    reporter.emit(index, (node) => ({ type: 'task-loaded', node, seconds: (performance.now() - start) / 1000 }));
    if (checkpoint.isDynamic) lineage.set(index, Provenance.from(checkpoint));
    if (checkpoint.holdsRefs) this.#deliverStored(index, value);
    else frontier.complete(index, value);
  }

  #warnOfChangedSource(index: number, entry: CheckpointHit['checkpoint']): void {
    const { graph, warnsOfChangedSource, warned, reporter } = this.#parts;
    const { task } = graph.nodes[index]!;
    if (entry.source === task.source || !warnsOfChangedSource || warned.sources.has(task.name)) return;
    warned.sources.add(task.name);
    reporter.warn(
      index,
      `the code of ${task.name} changed since ${entry.key} was saved, but its version did not: saved results are used. If results would differ now, raise its version or clear it`,
    );
  }

  /** A loaded result names tasks: those are looked for among the classes that are here. */
  #deliverStored(index: number, value: unknown): void {
    try {
      this.#parts.arrive(index, restoreRefs(value, { paramsOf: () => this.#parts.graph.nodes[index]!.params }), true);
    } catch (error) {
      this.#parts.fail(index, error);
    }
  }

  /** Runs a node that was to be loaded, and all that it needs for that. */
  #fallBackToRun(index: number, why: string): Awaitable<void> {
    const { demand, state, skip, frontier } = this.#parts;
    return andThen(demand.fallBackToRun(index, why), () => {
      const decided = this.#decided!;
      this.#decided = [];
      if (!state.fatal) skip(frontier.enqueue(decided));
    });
  }

  /** Says it when a checkpoint does not count since its directory is not here. */
  #reportLost(index: number): void {
    const { checkpoints, graph, reporter } = this.#parts;
    const path = checkpoints?.missingDirectories.get(index);
    if (path === undefined) return;
    checkpoints!.missingDirectories.delete(index);
    reporter.warn(
      index,
      `${graph.nodes[index]} runs again: its result is saved, but its directory ${path} is not there`,
    );
  }
}
