import { setImmediate } from 'node:timers/promises';
import { type Awaitable, isPromiseLike } from '../base/awaitable';
import type { Graph } from '../graph/graph';
import type { CheckpointHit, Lookup, StorageFailure } from '../storage/storage-stack';
import type { Checkpoints } from './checkpoints';
import type { Outcome } from './outcome';

/** What is to happen to a node. */
export const Action = { none: 0, load: 1, run: 2 } as const;
export type Action = (typeof Action)[keyof typeof Action];

/** What a decision depends on besides storage. */
export interface DeciderOptions {
  /** Undefined when nothing can be loaded. */
  readonly checkpoints: Checkpoints | undefined;
  /** Nodes of which nothing can be looked up. */
  readonly hasUnknownKey: (index: number) => boolean;
  /** Nodes that are computed anew whatever is saved. */
  readonly isForced: (index: number) => boolean;
  /** Asks a task that restores its results itself. */
  readonly restore?: (index: number) => Promise<Outcome | undefined>;
  /** Whether a saved node that would have to run is left to another run, and loaded once that has saved it. */
  readonly leaveToOtherRun?: (index: number) => boolean;
  /** Told of checkpoints that cannot be used; throws when that is to end the run. */
  readonly onFault: (index: number, fault: StorageFailure) => Awaitable<void>;
  /** Told once a node is decided. */
  readonly onDecided: (index: number, action: Action, why: string) => void;
}

/** A storage that answers at once lets other things have their turn this often. */
const sliceSteps = 256;
const sliceMilliseconds = 30;

/** Bytes of small checkpoints are kept from the lookup to the load, up to this many in all. */
const keptBytes = 64 * 1024 * 1024;

/**
 * Decides which nodes are loaded and which run, from the target down: what requires a loaded node needs
 * nothing above it.
 */
export class Decider {
  readonly actions: Uint8Array;
  readonly found = new Map<number, CheckpointHit>();
  /** Results that tasks restored themselves, until they are taken. */
  readonly restored = new Map<number, Outcome>();
  /** Checkpoints that do not count any more and will be replaced. */
  readonly stale = new Map<number, readonly CheckpointHit[]>();
  readonly #graph: Graph;
  readonly #options: DeciderOptions;
  /** Nodes that were asked to restore their results. */
  readonly #asked = new Set<number>();
  #kept = 0;

  constructor(graph: Graph, options: DeciderOptions) {
    this.#graph = graph;
    this.#options = options;
    this.actions = new Uint8Array(graph.nodes.length);
  }

  /** Decides these nodes and all that they turn out to need; at once when the storage answers at once. */
  decide(indices: Iterable<number>): Awaitable<void> {
    const stack = [...indices].reverse();
    const pending = this.#decideAll(stack);
    return pending.length > 0 ? this.#decideLater(stack, pending) : undefined;
  }

  /** Makes a node run after all whose checkpoint turned out to be unusable. */
  fallBackToRun(index: number, why: string): Awaitable<void> {
    this.found.delete(index);
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
    const pending: Promise<void>[] = [];
    const sliceEnd = performance.now() + sliceMilliseconds;
    for (let steps = 1; stack.length > 0; steps++) {
      if (steps % sliceSteps === 0 && performance.now() > sliceEnd) {
        pending.push(setImmediate());
        break;
      }
      const index = stack.pop()!;
      if (this.actions[index] !== Action.none) continue;
      const { checkpoints, hasUnknownKey, restore, isForced } = this.#options;
      if (restore && this.#graph.nodes[index]!.task.hasRestore && !isForced(index) && !this.#asked.has(index)) {
        this.actions[index] = Action.load;
        pending.push(this.#restore(index, restore, stack));
        continue;
      }
      if (!checkpoints || !this.#graph.nodes[index]!.task.save) this.#run(index, 'it is not saved', stack);
      else if (hasUnknownKey(index)) this.#run(index, 'its key is not known', stack);
      else {
        const lookup = checkpoints.lookUp(index);
        // Decided provisionally, so that no other way to it looks it up again.
        if (isPromiseLike(lookup)) {
          this.actions[index] = Action.load;
          pending.push(Promise.resolve(lookup).then((answer) => this.#accept(index, answer, stack)));
        } else {
          const later = this.#accept(index, lookup as Lookup, stack);
          if (later) pending.push(later);
        }
      }
    }
    return pending;
  }

  async #restore(index: number, restore: NonNullable<DeciderOptions['restore']>, stack: number[]): Promise<void> {
    this.#asked.add(index);
    const outcome = await restore(index);
    if (outcome) {
      this.restored.set(index, outcome);
      this.#options.onDecided(index, Action.load, '');
    } else {
      this.actions[index] = Action.none;
      stack.push(index);
    }
  }

  #accept(index: number, lookup: Lookup, stack: number[]): Promise<void> | undefined {
    if (lookup.failures.length > 0) return this.#reportFaults(index, lookup, stack);
    this.#decide(index, lookup, stack);
    return undefined;
  }

  async #reportFaults(index: number, lookup: Lookup, stack: number[]): Promise<void> {
    this.actions[index] = Action.load;
    for (const fault of lookup.failures) await this.#options.onFault(index, fault);
    this.#decide(index, lookup, stack);
  }

  #decide(index: number, { found, stale, why }: Lookup, stack: number[]): void {
    const isForced = found !== undefined && this.#options.isForced(index);
    const replaced = isForced ? [...stale, found] : stale;
    if (replaced.length > 0) {
      for (const { checkpoint } of replaced) checkpoint.bytes = undefined;
      this.stale.set(index, replaced);
    }
    if (found && !isForced) this.#load(index, found);
    else if (this.#options.leaveToOtherRun?.(index)) {
      this.actions[index] = Action.load;
      this.#options.onDecided(index, Action.load, '');
    } else this.#run(index, isForced ? 'it is forced' : why, stack);
  }

  #load(index: number, found: CheckpointHit): void {
    const { checkpoint } = found;
    if (checkpoint.bytes !== undefined) {
      if (this.#kept + checkpoint.bytes.byteLength <= keptBytes) this.#kept += checkpoint.bytes.byteLength;
      else checkpoint.bytes = undefined;
    }
    this.found.set(index, found);
    this.actions[index] = Action.load;
    this.#options.onDecided(index, Action.load, '');
  }

  #run(index: number, why: string, stack: number[]): void {
    this.actions[index] = Action.run;
    this.#options.onDecided(index, Action.run, why);
    const { edges, firstEdge, endEdge } = this.#graph;
    // The last one first, so that the first requirement is decided first.
    for (let edge = endEdge[index]! - 1; edge >= firstEdge[index]!; edge--) {
      if (this.actions[edges[edge]!] === Action.none) stack.push(edges[edge]!);
    }
  }
}
