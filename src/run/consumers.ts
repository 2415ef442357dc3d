import type { Graph } from '../graph/graph';

/** The edges of a graph the other way round: node `i` is required by `list[first[i]]` up to `list[first[i + 1]]`. */
export class Consumers {
  readonly list: Int32Array;
  readonly first: Int32Array;

  constructor({ nodes, order, edges, firstEdge, endEdge }: Graph) {
    const first = new Int32Array(nodes.length + 1);
    for (let i = 0; i < edges.length; i++) first[edges[i]! + 1]!++;
    for (let i = 0; i < nodes.length; i++) first[i + 1]! += first[i]!;
    const next = first.slice();
    const list = new Int32Array(edges.length);
    for (let i = 0; i < order.length; i++) {
      const index = order[i]!;
      for (let edge = firstEdge[index]!; edge < endEdge[index]!; edge++) list[next[edges[edge]!]!++] = index;
    }
    this.list = list;
    this.first = first;
  }

  /** The nodes that require this one. */
  of(index: number): Int32Array {
    return this.list.subarray(this.first[index]!, this.first[index + 1]!);
  }

  countOf(index: number): number {
    return this.first[index + 1]! - this.first[index]!;
  }
}
