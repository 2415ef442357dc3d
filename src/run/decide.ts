import { setImmediate } from 'node:timers/promises';
import { type Awaitable, isPromiseLike } from '../base/awaitable';
import type { Graph } from '../graph/graph';
import type { CheckpointHit, Lookup, StorageFailure } from '../storage/storage-stack';
import type { Checkpoints } from './checkpoints';
import type { NodeStates, Outcome } from './node-states';
import type { GraphFingerprints } from './prepare-graph';

/** The limit in bytes of small checkpoints kept from lookup to load. */
const keptBytes = 64 * 1024 * 1024;

/** The checkpoints found for the nodes of one execution, from lookup until they are loaded or replaced. */
export class NodeCheckpoints {
  /** Checkpoints to load. */
  readonly #found = new Map<number, CheckpointHit>();
  /** Stale checkpoints, which will be replaced. */
  readonly #stale = new Map<number, readonly CheckpointHit[]>();
  /** Results from `restore` methods. */
  readonly #restored = new Map<number, Outcome>();
  #kept = 0;

  get found(): ReadonlyMap<number, CheckpointHit> {
    return this.#found;
  }

  get stale(): ReadonlyMap<number, readonly CheckpointHit[]> {
    return this.#stale;
  }

  /** Keeps a checkpoint until it is loaded, which may be much later; drops its bytes when the limit is reached. */
  keep(index: number, found: CheckpointHit): void {
    const { checkpoint } = found;
    if (checkpoint.bytes !== undefined) {
      if (this.#kept + checkpoint.bytes.byteLength <= keptBytes) this.#kept += checkpoint.bytes.byteLength;
      else checkpoint.bytes = undefined;
    }
    this.#found.set(index, found);
  }

  /** Sets a checkpoint that is loaded immediately. */
  set(index: number, found: CheckpointHit): void {
    this.#found.set(index, found);
  }

  delete(index: number): void {
    this.#found.delete(index);
  }

  setStale(index: number, stale: readonly CheckpointHit[]): void {
    if (stale.length > 0) this.#stale.set(index, stale);
  }

  addStale(index: number, stale: readonly CheckpointHit[]): void {
    if (stale.length > 0) this.#stale.set(index, [...(this.#stale.get(index) ?? []), ...stale]);
  }

  setRestored(index: number, outcome: Outcome): void {
    this.#restored.set(index, outcome);
  }

  /** Removes and returns the result that a task restored. */
  removeRestored(index: number): Outcome | undefined {
    const outcome = this.#restored.get(index);
    if (outcome) this.#restored.delete(index);
    return outcome;
  }
}

/** The graph whose nodes are decided. */
interface DecidedGraph {
  readonly graph: Graph;
  /** Undefined when nothing can be loaded. */
  readonly checkpoints: Checkpoints | undefined;
  readonly fingerprints: Pick<GraphFingerprints, 'hasUnknownKey'>;
  /** Recognises nodes that are recomputed even if they are saved. */
  readonly isForced: (index: number) => boolean;
}

/** The dependencies of a decider. */
interface DeciderParts {
  readonly graph: DecidedGraph;
  readonly states: NodeStates;
  readonly known: NodeCheckpoints;
  /** Calls the `restore` method of a node's task. */
  readonly restore: (index: number) => Promise<Outcome | undefined>;
  /** Leaves a saved node that would have to run to another run, if possible; it is loaded once that run saved it. */
  readonly leaveToOtherRun?: (index: number) => boolean;
  /** Handles unusable checkpoints; throws when they end the run. */
  readonly onFailure: (index: number, failure: StorageFailure) => Awaitable<void>;
  /** Called when a node is decided to run. */
  readonly onRun: (index: number, why: string) => void;
}

/** The number of decisions, and the time, after which a synchronous lookup yields to the event loop. */
const sliceSteps = 256;
const sliceMilliseconds = 30;

/**
 * Decides which nodes are loaded and which run, from the target down: the requirements of a loaded node are not even
 * looked up.
 */
export class Decider {
  readonly #parts: DeciderParts;

  constructor(parts: DeciderParts) {
    this.#parts = parts;
  }

  /** Decides these nodes and all that they turn out to need; synchronously when the storage is synchronous. */
  decide(indices: Iterable<number>): Awaitable<void> {
    const stack = [...indices].reverse();
    const pending = this.#decideAll(stack);
    return pending.length > 0 ? this.#decideLater(stack, pending) : undefined;
  }

  /** Runs a node whose checkpoint turned out to be unusable. */
  fallBackToRun(index: number, why: string): Awaitable<void> {
    this.#parts.known.delete(index);
    const stack: number[] = [];
    this.#run(index, why, stack);
    return this.decide(stack);
  }

  async #decideLater(stack: number[], pending: Promise<void>[]): Promise<void> {
    while (pending.length > 0) {
      await Promise.all(pending);
      pending = this.#decideAll(stack);
    }
  }

  #decideAll(stack: number[]): Promise<void>[] {
    const { states } = this.#parts;
    const pending: Promise<void>[] = [];
    const sliceEnd = performance.now() + sliceMilliseconds;
    for (let steps = 1; stack.length > 0; steps++) {
      if (steps % sliceSteps === 0 && performance.now() > sliceEnd) {
        pending.push(setImmediate());
        break;
      }
      const index = stack.pop()!;
      if (!states.isUndecided(index)) continue;
      const later = this.#decideOne(index, stack);
      if (later) pending.push(later);
    }
    return pending;
  }

  /** Returns a promise when the node is decided later. */
  #decideOne(index: number, stack: number[]): Promise<void> | undefined {
    const { states } = this.#parts;
    const { graph, checkpoints, fingerprints, isForced } = this.#parts.graph;
    const { task } = graph.nodes[index]!;
    if (task.hasRestore && !isForced(index) && states.facts.recordRestoreAsked(index))
      return this.#restore(index, stack);
    if (!checkpoints || !task.save) return this.#run(index, 'it is not saved', stack);
    if (fingerprints.hasUnknownKey(index)) return this.#run(index, 'its key is not known', stack);
    const lookup = checkpoints.lookUp(index);
    if (!isPromiseLike(lookup)) return this.#accept(index, lookup as Lookup, stack);
    states.beginDeciding(index);
    return Promise.resolve(lookup).then((answer) => this.#accept(index, answer, stack));
  }

  async #restore(index: number, stack: number[]): Promise<void> {
    const { restore, known, states } = this.#parts;
    states.beginDeciding(index);
    const outcome = await restore(index);
    if (outcome) {
      known.setRestored(index, outcome);
      states.decide(index, 'load');
    } else {
      states.undecide(index);
      stack.push(index);
    }
  }

  #accept(index: number, lookup: Lookup, stack: number[]): Promise<void> | undefined {
    if (lookup.failures.length > 0) return this.#handleFailures(index, lookup, stack);
    return this.#decide(index, lookup, stack);
  }

  async #handleFailures(index: number, lookup: Lookup, stack: number[]): Promise<void> {
    this.#parts.states.beginDeciding(index);
    for (const failure of lookup.failures) await this.#parts.onFailure(index, failure);
    this.#decide(index, lookup, stack);
  }

  #decide(index: number, { found, stale, why }: Lookup, stack: number[]): undefined {
    const { graph, leaveToOtherRun, known, states } = this.#parts;
    const isReplaced = found !== undefined && graph.isForced(index);
    const replaced = isReplaced ? [...stale, found] : stale;
    for (const { checkpoint } of replaced) checkpoint.bytes = undefined;
    known.setStale(index, replaced);
    if (found && !isReplaced) {
      known.keep(index, found);
      states.decide(index, 'load');
    } else if (leaveToOtherRun?.(index)) states.decide(index, 'load');
    else this.#run(index, isReplaced ? 'it is forced' : why, stack);
  }

  #run(index: number, why: string, stack: number[]): undefined {
    const { states, onRun } = this.#parts;
    states.decide(index, 'run');
    onRun(index, why);
    const { edges, firstEdge, endEdge } = this.#parts.graph.graph;
    // Pushed in reverse, so that the first requirement is decided first.
    for (let edge = endEdge[index]! - 1; edge >= firstEdge[index]!; edge--) {
      if (states.isUndecided(edges[edge]!)) stack.push(edges[edge]!);
    }
  }
}
