import { isResultHandle } from '../executors/remote/result-handle';
import { Dependents, type Graph } from '../graph/graph';
import { Action } from './decide';
import type { Outcome } from './outcome';
import type { ReadyQueue } from './ready-queue';

/** Called with a node's outcome, or with undefined when there will be none. */
type SettleListener = (outcome: Outcome | undefined) => void;

/** Those who want to know what becomes of nodes that are not over yet; of most nodes, nobody does. */
class SettleListeners {
  readonly #callbacks = new Map<number, SettleListener[]>();

  add(index: number, callback: SettleListener): void {
    const callbacks = this.#callbacks.get(index);
    if (callbacks) callbacks.push(callback);
    else this.#callbacks.set(index, [callback]);
  }

  /** Tells all who asked about a node, once. */
  notify(index: number, outcome: Outcome | undefined): void {
    const callbacks = this.#callbacks.get(index);
    if (!callbacks) return;
    this.#callbacks.delete(index);
    for (const callback of callbacks) callback(outcome);
  }
}

/** Where a node is in a run. */
export const State = { waiting: 0, started: 1, done: 2, dropped: 3, failed: 4, skipped: 5 } as const;

/**
 * How a result is given to its users: `shared` to any number as it is, `copied` with a copy of what can be changed,
 * `single` to one as it is. It is `given` once somebody has it who may change it.
 */
export const Sharing = { shared: 0, copied: 1, single: 2, given: 3 } as const;
export type Sharing = (typeof Sharing)[keyof typeof Sharing];

/**
 * Which nodes can start, which wait for what, and which results are still needed: counters in flat arrays,
 * no promise or closure a node.
 */
export class NodeStates {
  readonly states: Uint8Array;
  readonly #ready: ReadyQueue;
  readonly #graph: Graph;
  readonly #actions: Uint8Array;
  readonly #results: unknown[];
  /** How many requirements a node waits for. */
  readonly #waiting: Int32Array;
  /** How many that will run, or the caller, still need a node's result. */
  readonly #uses: Int32Array;
  /** Once somebody has asked for them. */
  #madeDependents: Dependents | undefined;
  readonly #isWanted: Uint8Array;
  /** Undefined while all results are shared, as numbers and strings are. */
  #sharing: Uint8Array | undefined;
  /** In which round of admissions each was admitted. */
  readonly #admitted: Int32Array;
  readonly #settleListeners = new SettleListeners();
  /** Nodes that were to run and were loaded, since another execution or process had saved them meanwhile. */
  readonly #savedMeanwhile = new Set<number>();
  #round = 0;
  #hasFailed = false;

  constructor(graph: Graph, actions: Uint8Array, ready: ReadyQueue) {
    const count = graph.nodes.length;
    this.#graph = graph;
    this.#actions = actions;
    this.#ready = ready;
    this.states = new Uint8Array(count);
    this.#results = new Array(count);
    this.#waiting = new Int32Array(count);
    this.#uses = new Int32Array(count);
    this.#isWanted = new Uint8Array(count);
    this.#admitted = new Int32Array(count);
    for (const { index } of graph.targets) this.#uses[index] = this.#isWanted[index] = 1;
  }

  /**
   * Takes in nodes that were decided: those that need not wait are ready, the first of them on top.
   * Gives those that cannot run, since what they need has failed meanwhile.
   */
  enqueue(indices: ArrayLike<number>): readonly number[] {
    const skipped: number[] = [];
    this.#round++;
    for (let i = indices.length - 1; i >= 0; i--) {
      const index = indices[i]!;
      if (this.#actions[index] === Action.none || this.states[index] !== State.waiting) continue;
      this.#admitted[index] = this.#round;
      if (this.#hasFailedInput(index)) {
        this.states[index] = State.skipped;
        skipped.push(index);
        this.#skipDependents(index, skipped);
        continue;
      }
      const waiting = this.#countOpen(index);
      this.#waiting[index] = waiting;
      if (waiting === 0) this.#ready.push(index);
      else this.#madeDependents ??= new Dependents(this.#graph);
    }
    return skipped;
  }

  /** Calls back once it is known whether a node has a result: with that, or with undefined when it will have none. */
  onSettled(index: number, callback: SettleListener): void {
    const state = this.states[index]!;
    if (state === State.done) callback({ value: this.#results[index] });
    else if (state > State.done) callback(undefined);
    else this.#settleListeners.add(index, callback);
  }

  /** The first requirement of a node that is not over, or, of none, the first that is wanted. */
  firstUnsettled(index: number | undefined): number | undefined {
    const { targets } = this.#graph;
    const required = index === undefined ? targets.map((target) => target.index) : this.#graph.requirementsOf(index);
    return required.find((one) => this.states[one]! <= State.started);
  }

  /** Whether the caller wants a node's result. */
  isWanted(index: number): boolean {
    return this.#isWanted[index] === 1;
  }

  /** The nodes that require this one. */
  dependentsOf(index: number): Int32Array {
    return this.#dependents.get(index);
  }

  /** A result that was there cannot be had any more. */
  invalidate(index: number): void {
    this.#release(index);
  }

  isDone(index: number): boolean {
    return this.states[index] === State.done;
  }

  /** Whether there is a result that somebody else may receive. */
  isAvailable(index: number): boolean {
    return this.states[index] === State.done && this.sharingOf(index) !== Sharing.given;
  }

  resultOf(index: number): unknown {
    return this.#results[index];
  }

  /** How many that will run, or the caller, still need a result. */
  usesOf(index: number): number {
    return this.#uses[index]!;
  }

  sharingOf(index: number): Sharing {
    return (this.#sharing?.[index] ?? Sharing.shared) as Sharing;
  }

  setSharing(index: number, sharing: Sharing): void {
    if (this.#sharing) this.#sharing[index] = sharing;
    else if (sharing !== Sharing.shared) (this.#sharing = new Uint8Array(this.states.length))[index] = sharing;
  }

  /** Whether there may be results that are not shared. */
  get hasRestrictions(): boolean {
    return this.#sharing !== undefined;
  }

  /** Whether another node requires it. */
  isRequired(index: number): boolean {
    return this.#dependents.count(index) > 0;
  }

  /** Keeps a result for those who need it and wakes those who waited for it. */
  complete(index: number, result: unknown): void {
    this.states[index] = State.done;
    this.#results[index] = result;
    if (this.#madeDependents) {
      const { first, list } = this.#madeDependents;
      const end = first[index + 1]!;
      for (let i = first[index]!; i < end; i++) this.#wake(list[i]!, index);
    }
    this.#settleListeners.notify(index, { value: result });
    if (this.#actions[index] === Action.run) this.#releaseInputs(index);
    if (this.#uses[index] === 0) this.#release(index);
  }

  /** Marks a node as failed, and as skipped all that cannot run without it. Gives those. */
  fail(index: number): readonly number[] {
    this.states[index] = State.failed;
    this.#hasFailed = true;
    this.#releaseInputs(index);
    this.#settleListeners.notify(index, undefined);
    const skipped: number[] = [];
    this.#skipDependents(index, skipped);
    return skipped;
  }

  /** A node that was to run is loaded after all: it needs its requirements' results no more. */
  fallBackToLoad(index: number): void {
    this.#releaseInputs(index);
    this.#actions[index] = Action.load;
    this.#savedMeanwhile.add(index);
  }

  /** Whether it was computed, though not by this execution, since this one looked for its checkpoint. */
  wasSavedMeanwhile(index: number): boolean {
    return this.#savedMeanwhile.has(index);
  }

  /** Makes a node that failed ready again. */
  retry(index: number): void {
    this.states[index] = State.waiting;
    this.#ready.push(index);
  }

  /** Marks as skipped all that has not started. Gives those. */
  skipWaiting(): readonly number[] {
    const skipped: number[] = [];
    for (const index of this.#graph.order) {
      if (this.states[index] !== State.waiting || this.#actions[index] === Action.none) continue;
      this.states[index] = State.skipped;
      this.#settleListeners.notify(index, undefined);
      skipped.push(index);
    }
    return skipped;
  }

  /** Makes a node run after all: what it needs and was dropped is to be decided, and admitted, anew. */
  reset(index: number): void {
    this.#resetNode(index);
    for (const required of this.#graph.requirementsOf(index)) {
      if (this.states[required] !== State.dropped && this.sharingOf(required) !== Sharing.given) continue;
      this.#resetNode(required);
      this.#actions[required] = Action.none;
    }
  }

  /** Made when something has to wait: a run that only loads its target need not know who requires what. */
  get #dependents(): Dependents {
    return (this.#madeDependents ??= new Dependents(this.#graph));
  }

  #resetNode(index: number): void {
    this.states[index] = State.waiting;
    this.#admitted[index] = 0;
    this.setSharing(index, Sharing.shared);
  }

  /** How many requirements a node waits for; one that will run has a use for all of them. */
  #countOpen(index: number): number {
    const { edges, firstEdge, endEdge } = this.#graph;
    const runs = this.#actions[index] === Action.run;
    let waiting = 0;
    for (let edge = firstEdge[index]!; edge < endEdge[index]!; edge++) {
      const required = edges[edge]!;
      if (runs) this.#uses[required]!++;
      if (this.states[required]! <= State.started && (runs || this.#isCompared(required))) waiting++;
    }
    return waiting;
  }

  /** Whether a checkpoint waits for this requirement of its: to see whether it comes out as it was. */
  #isCompared(required: number): boolean {
    if (this.#actions[required] !== Action.run) return this.#savedMeanwhile.has(required);
    return this.#graph.nodes[required]!.task.save;
  }

  /** Tells a node that a requirement is over; it starts when that was the last one it waited for. */
  #wake(consumer: number, required: number): void {
    if (this.#waiting[consumer] === 0 || this.states[consumer] !== State.waiting) return;
    const hasCounted =
      this.#actions[consumer] === Action.run ||
      (this.#isCompared(required) && this.#admitted[required]! <= this.#admitted[consumer]!);
    if (hasCounted && --this.#waiting[consumer]! === 0) this.#ready.push(consumer);
  }

  #hasFailedInput(index: number): boolean {
    if (!this.#hasFailed || this.#actions[index] !== Action.run) return false;
    return this.#graph.requirementsOf(index).some((required) => this.states[required]! >= State.failed);
  }

  /** Marks as skipped all that cannot run without a node, and lets checkpoints wait for it no more. */
  #skipDependents(index: number, skipped: number[]): void {
    const { first, list } = this.#dependents;
    const stack = [index];
    while (stack.length > 0) {
      const at = stack.pop()!;
      for (let i = first[at]!; i < first[at + 1]!; i++) {
        const consumer = list[i]!;
        if (this.states[consumer] !== State.waiting) continue;
        if (this.#actions[consumer] !== Action.run) {
          this.#wake(consumer, at);
          continue;
        }
        this.states[consumer] = State.skipped;
        this.#settleListeners.notify(consumer, undefined);
        if (this.#admitted[consumer]! > 0) this.#releaseInputs(consumer);
        skipped.push(consumer);
        stack.push(consumer);
      }
    }
  }

  /** A node that ran needs its requirements' results no more. */
  #releaseInputs(index: number): void {
    const { edges, firstEdge, endEdge } = this.#graph;
    for (let edge = firstEdge[index]!; edge < endEdge[index]!; edge++) {
      const required = edges[edge]!;
      if (--this.#uses[required]! === 0 && this.states[required] === State.done) this.#release(required);
    }
  }

  #release(index: number): void {
    const result = this.#results[index];
    if (isResultHandle(result)) result.discard();
    this.states[index] = State.dropped;
    this.#results[index] = undefined;
    this.setSharing(index, Sharing.shared);
  }
}
