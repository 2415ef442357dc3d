import type { GraphNode } from '../graph/node';
import type { Queue } from './queues';

/** The nodes of one queue that can start. */
interface Stack {
  readonly queue: Queue;
  readonly nodes: number[];
}

/**
 * Nodes that can start. The one that became so last goes first, in its queue and among all queues with room:
 * what finishes something begun goes before what begins something new.
 */
export class ReadyQueue {
  readonly #nodes: readonly GraphNode[];
  readonly #queueOf: (node: GraphNode) => Queue;
  readonly #loadQueue: Queue;
  readonly #stacks: Stack[] = [];
  readonly #byQueue = new Map<Queue, Stack>();
  /** When each became ready, by count. */
  readonly #since: Int32Array;
  #count = 0;

  /** @param loadQueue for nodes that are loaded */
  constructor(nodes: readonly GraphNode[], queueOf: (node: GraphNode) => Queue, loadQueue: Queue) {
    this.#nodes = nodes;
    this.#queueOf = queueOf;
    this.#loadQueue = loadQueue;
    this.#since = new Int32Array(nodes.length);
  }

  push(index: number, isLoad: boolean): void {
    const queue = isLoad ? this.#loadQueue : this.#queueOf(this.#nodes[index]!);
    let stack = this.#byQueue.get(queue);
    if (!stack) {
      stack = { queue, nodes: [] };
      this.#byQueue.set(queue, stack);
      this.#stacks.push(stack);
    }
    this.#since[index] = ++this.#count;
    stack.nodes.push(index);
  }

  /** The queue that is next, with what can start there, the next one last; undefined when no queue has room. */
  next(): Stack | undefined {
    let next: Stack | undefined;
    let newest = 0;
    for (const stack of this.#stacks) {
      const { queue, nodes } = stack;
      if (nodes.length === 0 || queue.executorSlots.isFull || queue.queue?.isFull) continue;
      const since = this.#since[nodes[nodes.length - 1]!]!;
      if (since > newest) [next, newest] = [stack, since];
    }
    return next;
  }

  get isEmpty(): boolean {
    return this.#stacks.every(({ nodes }) => nodes.length === 0);
  }

  /** Calls back when a queue in which something can start may have got room. */
  onRoom(wake: () => void): void {
    for (const { queue, nodes } of this.#stacks) {
      if (nodes.length > 0) (queue.queue?.isFull ? queue.queue : queue.executorSlots).onFree(wake);
    }
  }
}
