import type { TaskDefinition } from '../task/definition';
import type { TaskRef } from '../task/ref';
import type { GraphNode, Template } from './node';

/**
 * The nodes and edges that a target needs. Frozen: what happens to a node in a run is kept by the run.
 *
 * Edges lie in one flat array, since a graph may have millions: those of node `i` are
 * `edges[firstEdge[i]]` up to, not including, `edges[endEdge[i]]`, as indices into `nodes`.
 */
export interface Graph {
  /** All nodes met, also those that are only carried as a param and not required. */
  readonly nodes: readonly GraphNode[];
  /** The required nodes, each after what it requires. */
  readonly order: Int32Array;
  readonly edges: Int32Array;
  readonly firstEdge: Int32Array;
  readonly endEdge: Int32Array;
  /** Which node first required a node; -1 for those that are wanted themselves. */
  readonly requiredBy: Int32Array;
  /** What is wanted, with nodes in the place of refs. */
  readonly target: Template;
  /** The nodes in `target`, each once. */
  readonly targets: readonly GraphNode[];
  /** The tasks of all nodes. */
  readonly tasks: readonly TaskDefinition[];
  /** The nodes of refs inside params; a ref's own refs come before it. */
  readonly paramRefNodes: ReadonlyMap<TaskRef<unknown>, GraphNode>;
}

const shownSteps = 5;

/** How a node came to be required, from the target to the node itself, as text; the middle of a long way is left out. */
export function pathTo(
  { nodes, requiredBy }: Pick<Graph, 'nodes'> & { readonly requiredBy: ArrayLike<number> },
  index: number,
): readonly string[] {
  const way: number[] = [];
  for (let at = index; at >= 0; at = requiredBy[at] ?? -1) way.push(at);
  return abbreviate(way.reverse()).map((at) => (typeof at === 'number' ? String(nodes[at]) : at));
}

/** The two ends of a long list, and how many are left out in between. */
export function abbreviate<T>(items: readonly T[]): readonly (T | string)[] {
  if (items.length <= 2 * shownSteps + 1) return items;
  return [...items.slice(0, shownSteps), `… ${items.length - 2 * shownSteps} more …`, ...items.slice(-shownSteps)];
}
