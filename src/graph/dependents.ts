import type { Graph } from './graph';

/** The edges of a graph the other way round: node `i` is required by `list[first[i]]` up to `list[first[i + 1]]`. */
export class Dependents {
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
  get(index: number): Int32Array {
    return this.list.subarray(this.first[index]!, this.first[index + 1]!);
  }

  count(index: number): number {
    return this.first[index + 1]! - this.first[index]!;
  }
}

/** Which nodes are these, or come from them. */
export function downstreamOf(graph: Graph, isSeed: (index: number) => boolean): (index: number) => boolean {
  const { order, edges, firstEdge, endEdge } = graph;
  const isIn = new Uint8Array(graph.nodes.length);
  for (const index of order) {
    let comes = isSeed(index);
    for (let edge = firstEdge[index]!; !comes && edge < endEdge[index]!; edge++) comes = isIn[edges[edge]!] === 1;
    if (comes) isIn[index] = 1;
  }
  return (index) => isIn[index] === 1;
}
