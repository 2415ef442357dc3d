import type { Queue } from './queues';

/** The nodes that can start in one lane. */
interface Stack {
  readonly queue: Queue;
  readonly nodes: number[];
}

/**
 * Nodes that can start. The one that became so last goes first, in its lane and among all lanes with room:
 * what finishes something begun goes before what begins something new.
 */
export class ReadyQueue {
  readonly #laneOf: (index: number) => Queue;
  readonly #stacks: Stack[] = [];
  readonly #byQueue = new Map<Queue, Stack>();
  /** When each became ready, by count. */
  readonly #since: Int32Array;
  #count = 0;

  constructor(nodes: number, laneOf: (index: number) => Queue) {
    this.#since = new Int32Array(nodes);
    this.#laneOf = laneOf;
  }

  push(index: number): void {
    const lane = this.#laneOf(index);
    let stack = this.#byQueue.get(lane);
    if (!stack) {
      stack = { queue: lane, nodes: [] };
      this.#byQueue.set(lane, stack);
      this.#stacks.push(stack);
    }
    this.#since[index] = ++this.#count;
    stack.nodes.push(index);
  }

  /** The lane whose turn it is, with what can start there, the next one last; undefined when no lane has room. */
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

  /** Calls back when a lane in which something can start may have got room. */
  onRoom(wake: () => void): void {
    for (const { queue, nodes } of this.#stacks) {
      if (nodes.length > 0) (queue.queue?.isFull ? queue.queue : queue.executorSlots).onFree(wake);
    }
  }
}
