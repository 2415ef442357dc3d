import type { Graph } from '../graph/graph';
import { Action } from './demand';

/** Where a node is in a run. */
export const State = { waiting: 0, started: 1, done: 2, dropped: 3, failed: 4, skipped: 5 } as const;

/**
 * Which nodes can start, which wait for what, and which results are still needed: counters in flat arrays,
 * no promise or closure a node.
 */
export class Frontier {
  readonly states: Uint8Array;
  /** Nodes that can start; the last one first, so that what finishes something begun goes before what is new. */
  readonly ready: number[] = [];
  readonly #graph: Graph;
  readonly #actions: Uint8Array;
  readonly #results: unknown[];
  /** How many requirements a node waits for. */
  readonly #waiting: Int32Array;
  /** How many that will run, or the caller, still need a node's result. */
  readonly #uses: Int32Array;
  readonly #consumers: Int32Array;
  readonly #firstConsumer: Int32Array;

  constructor(graph: Graph, actions: Uint8Array) {
    const count = graph.nodes.length;
    this.#graph = graph;
    this.#actions = actions;
    this.states = new Uint8Array(count);
    this.#results = new Array(count);
    this.#waiting = new Int32Array(count);
    this.#uses = new Int32Array(count);
    [this.#consumers, this.#firstConsumer] = reverse(graph);
    for (const { index } of graph.targets) this.#uses[index]!++;
  }

  /** Takes in nodes that were decided: those that need not wait are ready, the first of them on top. */
  admit(indices: ArrayLike<number>): void {
    const { edges, firstEdge, endEdge } = this.#graph;
    const before = this.ready.length;
    for (let i = indices.length - 1; i >= 0; i--) {
      const index = indices[i]!;
      const action = this.#actions[index];
      if (action === Action.none || this.states[index] !== State.waiting) continue;
      let waiting = 0;
      for (let edge = firstEdge[index]!; edge < endEdge[index]!; edge++) {
        const required = edges[edge]!;
        const isOpen = this.states[required]! <= State.started;
        if (action === Action.run) {
          this.#uses[required]!++;
          if (isOpen) waiting++;
          // A checkpoint waits for what is computed anew beneath it, to see whether that came out the same.
        } else if (isOpen && this.#actions[required] === Action.run) waiting++;
      }
      this.#waiting[index] = waiting;
      if (waiting === 0) this.ready.push(index);
    }
    // Ready ones of earlier calls stay above: they finish something begun.
    if (before > 0) this.ready.push(...this.ready.splice(0, before));
  }

  isDone(index: number): boolean {
    return this.states[index] === State.done;
  }

  resultOf(index: number): unknown {
    return this.#results[index];
  }

  /** How many need this result. */
  usesOf(index: number): number {
    return this.#uses[index]!;
  }

  /** Keeps a result for those who need it and wakes those who waited for it. */
  complete(index: number, result: unknown): void {
    this.states[index] = State.done;
    this.#results[index] = result;
    const end = this.#firstConsumer[index + 1]!;
    for (let i = this.#firstConsumer[index]!; i < end; i++) {
      const consumer = this.#consumers[i]!;
      if (this.#waiting[consumer]! > 0 && --this.#waiting[consumer]! === 0 && this.states[consumer] === State.waiting) this.ready.push(consumer);
    }
    if (this.#actions[index] === Action.run) this.#letGo(index);
    if (this.#uses[index] === 0) this.#drop(index);
  }

  /** Marks a node as failed, and as skipped all that cannot run without it. Gives those. */
  fail(index: number): readonly number[] {
    this.states[index] = State.failed;
    this.#letGo(index);
    const skipped: number[] = [];
    const stack = [index];
    while (stack.length > 0) {
      const at = stack.pop()!;
      for (let i = this.#firstConsumer[at]!; i < this.#firstConsumer[at + 1]!; i++) {
        const consumer = this.#consumers[i]!;
        if (this.states[consumer] !== State.waiting || this.#actions[consumer] !== Action.run) continue;
        this.states[consumer] = State.skipped;
        this.#letGo(consumer);
        skipped.push(consumer);
        stack.push(consumer);
      }
    }
    return skipped;
  }

  /** Marks as skipped all that has not started. Gives those. */
  skipWaiting(): readonly number[] {
    this.ready.length = 0;
    const skipped: number[] = [];
    for (const index of this.#graph.order) {
      if (this.states[index] !== State.waiting || this.#actions[index] === Action.none) continue;
      this.states[index] = State.skipped;
      skipped.push(index);
    }
    return skipped;
  }

  /** Makes results that were dropped wanted again, when a node runs after all. Gives the nodes to decide anew. */
  reopen(index: number): readonly number[] {
    const { edges, firstEdge, endEdge } = this.#graph;
    this.states[index] = State.waiting;
    const reopened: number[] = [];
    for (let edge = firstEdge[index]!; edge < endEdge[index]!; edge++) {
      const required = edges[edge]!;
      if (this.states[required] !== State.dropped) continue;
      this.states[required] = State.waiting;
      this.#actions[required] = Action.none;
      reopened.push(required);
    }
    return reopened;
  }

  /** A node that ran needs its requirements' results no more. */
  #letGo(index: number): void {
    const { edges, firstEdge, endEdge } = this.#graph;
    for (let edge = firstEdge[index]!; edge < endEdge[index]!; edge++) {
      const required = edges[edge]!;
      if (--this.#uses[required]! === 0 && this.states[required] === State.done) this.#drop(required);
    }
  }

  #drop(index: number): void {
    this.states[index] = State.dropped;
    this.#results[index] = undefined;
  }
}

/** The edges the other way round: those of node `i` are `consumers[first[i]]` up to `consumers[first[i + 1]]`. */
function reverse({ nodes, order, edges, firstEdge, endEdge }: Graph): [Int32Array, Int32Array] {
  const first = new Int32Array(nodes.length + 1);
  for (let i = 0; i < edges.length; i++) first[edges[i]! + 1]!++;
  for (let i = 0; i < nodes.length; i++) first[i + 1]! += first[i]!;
  const next = first.slice();
  const consumers = new Int32Array(edges.length);
  for (let i = 0; i < order.length; i++) {
    const index = order[i]!;
    for (let edge = firstEdge[index]!; edge < endEdge[index]!; edge++) consumers[next[edges[edge]!]!++] = index;
  }
  return [consumers, first];
}
