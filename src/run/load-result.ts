import { type Awaitable, andThen, isPromiseLike } from '../base/awaitable';
import { restoreRefs } from '../graph/stored-ref';
import { type CheckpointHit, type Lookup, unusable } from '../storage/storage-stack';
import { changedRequirement } from '../storage/validity';
import type { TaskKey } from '../task/context';
import type { Decider, NodeCheckpoints } from './decide';
import type { ResultDelivery } from './dynamic/deliver-result';
import { type NodeProvenances, Provenance } from './dynamic/provenance';
import { holdsRef } from './encode-result';
import type { NodeFailures } from './node-failures';
import type { NodeStates, Outcome } from './node-states';
import type { ResultSharing } from './result-sharing';
import type { RunContext, RunGraph } from './run-context';
import type { ResultWriter } from './save-result';
import type { StorageErrorPolicy } from './storage-error-policy';

/** A value unequal to every digest. */
const unknownDigest = '';

/** The dependencies of a result loader. */
export interface ResultLoaderParts {
  readonly run: Pick<RunContext, 'state' | 'warned' | 'warnsOfChangedSource'>;
  readonly graph: RunGraph;
  readonly states: NodeStates;
  readonly known: NodeCheckpoints;
  readonly decider: Decider;
  readonly policy: StorageErrorPolicy;
  readonly writer: ResultWriter;
  readonly sharing: ResultSharing;
  readonly provenances: NodeProvenances;
  readonly failures: NodeFailures;
  readonly delivery: ResultDelivery;
}

/** Loads nodes from their checkpoints; a node whose checkpoint turns out to be stale or unusable runs instead. */
export class ResultLoader {
  readonly #parts: ResultLoaderParts;

  constructor(parts: ResultLoaderParts) {
    this.#parts = parts;
  }

  load(index: number): Awaitable<void> {
    const { known } = this.#parts;
    const restored = known.removeRestored(index);
    if (restored) return this.#deliverRestored(index, restored);
    const found = known.found.get(index)!;
    const changed = this.#changedRequirement(index, found);
    if (changed !== undefined) {
      known.addStale(index, [found]);
      return this.#fallBackToRun(index, `${changed} came out different this time`);
    }
    known.delete(index);
    return this.#read(index, found);
  }

  #read(index: number, found: CheckpointHit): Awaitable<void> {
    const { run, graph, states, policy, writer } = this.#parts;
    const start = performance.now();
    const failed = (error: unknown) =>
      andThen(policy.handle(index, error, found.from.store), () =>
        run.state.fatal ? undefined : this.#loadFromNextLayer(index, found),
      );
    try {
      const value = graph.checkpoints!.load(index, found, (encoding) => {
        // A checkpoint that could not be read is never overwritten.
        if (!states.facts.isProtected(index)) writer.promote(index, found, encoding);
      });
      if (!isPromiseLike(value)) return this.#deliverLoaded(index, found, value, start);
      return value.then((later) => this.#deliverLoaded(index, found, later, start), failed);
    } catch (error) {
      return failed(error);
    }
  }

  /** Looks up a node again before it runs, in case another run or process saved it. Returns whether it was loaded. */
  async loadIfSaved(index: number): Promise<boolean> {
    const { run, graph, states, known, policy } = this.#parts;
    const { checkpoints, fingerprints } = graph;
    if (!checkpoints || !graph.graph.nodes[index]!.task.save || fingerprints.hasUnknownKey(index)) return false;
    // Its checkpoint could not be read before: trying again would repeat without end.
    if (states.facts.isProtected(index)) return false;
    const lookup = await checkpoints.lookUp(index);
    for (const { store, error } of lookup.failures) await policy.handle(index, error, store);
    if (run.state.fatal) return true;
    const { found } = lookup;
    // Its requirements have results by now: a checkpoint from other ones would only be rejected and found again.
    const isUsed =
      found !== undefined && !graph.isForced(index) && this.#changedRequirement(index, found) === undefined;
    known.setStale(index, found && !isUsed ? [...lookup.stale, found] : lookup.stale);
    if (!isUsed) return false;
    known.set(index, found);
    states.fallBackToLoad(index);
    await this.load(index);
    return true;
  }

  /** Loads a node that was left to another run, or runs it when the other run has not saved it. */
  async loadLeft(index: number): Promise<void> {
    await this.#acceptLookup(index, await this.#parts.graph.checkpoints!.lookUp(index));
  }

  /** Runs a node once its lost requirements have been loaded or computed again. */
  async runAfter(index: number, gone: readonly number[]): Promise<void> {
    for (const one of gone) this.#parts.states.invalidate(one);
    await this.#fallBackToRun(index, 'what it requires is gone');
  }

  /** Tries the next layers for a node whose checkpoint is unusable; without a usable one, the node runs. */
  #loadFromNextLayer(index: number, found: CheckpointHit): Awaitable<void> {
    const checkpoints = this.#parts.graph.checkpoints!;
    if (!checkpoints.hasNextLayer(found)) return this.#fallBackToRun(index, unusable);
    return andThen(checkpoints.lookUpNextLayer(index, found), (lookup) => this.#acceptLookup(index, lookup));
  }

  async #acceptLookup(index: number, { found, stale, failures }: Lookup): Promise<void> {
    const { run, known, policy } = this.#parts;
    for (const { store, error } of failures) await policy.handle(index, error, store);
    if (run.state.fatal) return;
    known.addStale(index, stale);
    if (!found) return this.#fallBackToRun(index, unusable);
    known.set(index, found);
    await this.load(index);
  }

  /** Runs a node that was decided to be loaded, and everything that it needs. */
  #fallBackToRun(index: number, why: string): Awaitable<void> {
    const { decider, run, failures, states } = this.#parts;
    return andThen(decider.fallBackToRun(index, why), () => {
      const decided = states.drainDecided();
      if (!run.state.fatal) failures.reportSkipped(states.enqueue(decided));
    });
  }

  /** The key of a requirement that this run computed with another result than the one behind a checkpoint. */
  #changedRequirement(index: number, { checkpoint }: CheckpointHit): TaskKey | undefined {
    const { states } = this.#parts;
    const { keys, graph } = this.#parts.graph;
    let computed: [TaskKey, string][] | undefined;
    for (const required of graph.requirementsOf(index))
      if (states.facts.isComputedNow(required))
        (computed ??= []).push([keys.get(required), states.facts.digestOf(required) ?? unknownDigest]);
    return computed && changedRequirement(checkpoint, computed);
  }

  #deliverRestored(index: number, { value }: Outcome): void {
    const { sharing, graph, delivery } = this.#parts;
    const settled = sharing.settleRestored(index, value);
    graph.reporter.loaded(index, 0);
    delivery.deliver(index, settled, holdsRef(settled));
  }

  #deliverLoaded(index: number, { checkpoint }: CheckpointHit, value: unknown, start: number): void {
    const { sharing, graph, states, provenances, writer } = this.#parts;
    sharing.settleOwn(index, value);
    writer.recordLoaded(index, checkpoint.digest, states.facts.isSavedMeanwhile(index));
    this.#warnOfChangedSource(index, checkpoint);
    graph.reporter.loaded(index, (performance.now() - start) / 1000);
    if (checkpoint.isDynamic) provenances.set(index, Provenance.from(checkpoint));
    if (checkpoint.holdsRefs) this.#deliverStored(index, value);
    else states.complete(index, value);
  }

  /** Restores the refs in a loaded result, from the task classes of this process. */
  #deliverStored(index: number, value: unknown): void {
    const { graph, delivery, failures } = this.#parts;
    try {
      delivery.deliver(index, restoreRefs(value, { paramsOf: () => graph.graph.nodes[index]!.params }), true);
    } catch (error) {
      failures.fail(index, error);
    }
  }

  #warnOfChangedSource(index: number, entry: CheckpointHit['checkpoint']): void {
    const { run, graph } = this.#parts;
    const { task } = graph.graph.nodes[index]!;
    if (entry.source === task.source || !run.warnsOfChangedSource || run.warned.sources.has(task.name)) return;
    run.warned.sources.add(task.name);
    graph.reporter.warn(
      index,
      `the code of ${task.name} changed since ${entry.key} was saved, but its version did not: saved results are used. If results would differ now, raise its version or clear it`,
    );
  }
}
