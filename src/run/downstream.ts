import type { Graph } from '../graph/graph';

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
