import type { GraphNode } from '../graph/node';
import type { Queue } from './queues';

/** The ready nodes of one queue. */
interface Stack {
  readonly queue: Queue;
  readonly nodes: number[];
}

/**
 * Nodes that can start. The node that became ready last starts first, in its queue and among all queues with free
 * slots, so that started branches of the graph finish before new ones begin.
 */
export class ReadyQueue {
  readonly #nodes: readonly GraphNode[];
  readonly #queueOf: (node: GraphNode) => Queue;
  readonly #loadQueue: Queue;
  readonly #stacks: Stack[] = [];
  readonly #byQueue = new Map<Queue, Stack>();
  /** The sequence number at which each node became ready. */
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

  /** The next queue with its ready nodes, the next one last; undefined when no queue has a free slot. */
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

  /** Calls back when a slot of a queue with ready nodes may be free. */
  onRoom(wake: () => void): void {
    for (const { queue, nodes } of this.#stacks) {
      if (nodes.length > 0) (queue.queue?.isFull ? queue.queue : queue.executorSlots).onFree(wake);
    }
  }
}
