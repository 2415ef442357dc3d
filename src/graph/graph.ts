import type { TaskDefinition } from '../task/definition';
import type { TaskRef } from '../task/ref';
import type { GraphNode, Template } from './node';

/**
 * The nodes and edges of a target. Frozen: the run keeps the state of nodes.
 *
 * All edges are in one flat array, since a graph may have millions. The edges of node `i` are `edges[firstEdge[i]]` up
 * to, but not including, `edges[endEdge[i]]`, as indices into `nodes`.
 */
export class Graph {
  /** All nodes, including those of refs in params that no node requires. */
  readonly nodes: readonly GraphNode[];
  /** The required nodes, each after its requirements. */
  readonly order: Int32Array;
  readonly edges: Int32Array;
  readonly firstEdge: Int32Array;
  readonly endEdge: Int32Array;
  /** The first node that required a node; -1 for targets. */
  readonly requiredBy: Int32Array;
  /** The target, with nodes in place of refs. */
  readonly target: Template;
  /** The nodes in `target`, each once. */
  readonly targets: readonly GraphNode[];
  /** The tasks of all nodes. */
  readonly tasks: readonly TaskDefinition[];
  /** The nodes of refs in params. The refs in the params of a ref precede it. */
  readonly paramRefNodes: ReadonlyMap<TaskRef<unknown>, GraphNode>;

  constructor(parts: GraphParts) {
    this.nodes = parts.nodes;
    this.order = parts.order;
    this.edges = parts.edges;
    this.firstEdge = parts.firstEdge;
    this.endEdge = parts.endEdge;
    this.requiredBy = parts.requiredBy;
    this.target = parts.target;
    this.targets = parts.targets;
    this.tasks = parts.tasks;
    this.paramRefNodes = parts.paramRefNodes;
    Object.freeze(this);
  }

  /** The nodes that a node requires, as indices. Makes a view: hot loops read `edges` directly. */
  requirementsOf(index: number): Int32Array {
    return this.edges.subarray(this.firstEdge[index]!, this.endEdge[index]!);
  }
}

/** The fields of a graph. */
type GraphParts = Omit<Graph, 'requirementsOf'>;

/** The reversed edges of a graph: the dependents of node `i` are `list[first[i]]` up to, but not including, `list[first[i + 1]]`. */
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

/** Selects the seed nodes and all nodes that depend on them. */
export function downstreamOf(graph: Graph, isSeed: (index: number) => boolean): (index: number) => boolean {
  const { order, edges, firstEdge, endEdge } = graph;
  const isIn = new Uint8Array(graph.nodes.length);
  for (const index of order) {
    let depends = isSeed(index);
    for (let edge = firstEdge[index]!; !depends && edge < endEdge[index]!; edge++) depends = isIn[edges[edge]!] === 1;
    if (depends) isIn[index] = 1;
  }
  return (index) => isIn[index] === 1;
}

/** Number of steps shown at each end of a long path. */
const shownSteps = 5;

/** The path from the target to a node, as text, with the middle of a long path omitted. */
export function pathTo(
  { nodes, requiredBy }: Pick<Graph, 'nodes'> & { readonly requiredBy: ArrayLike<number> },
  index: number,
): readonly string[] {
  const path: number[] = [];
  for (let at = index; at >= 0; at = requiredBy[at] ?? -1) path.push(at);
  return abbreviate(path.reverse()).map((at) => (typeof at === 'number' ? String(nodes[at]) : at));
}

/** Both ends of a long list, with the number of omitted items in between. */
export function abbreviate<T>(items: readonly T[]): readonly (T | string)[] {
  if (items.length <= 2 * shownSteps + 1) return items;
  return [...items.slice(0, shownSteps), `… ${items.length - 2 * shownSteps} more …`, ...items.slice(-shownSteps)];
}
