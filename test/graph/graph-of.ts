import { type BuildGraphOptions, buildGraph } from '../../src/graph/build-graph';
import type { Graph } from '../../src/graph/graph';
import { NodeKeys } from '../../src/graph/key';
import type { GraphNode } from '../../src/graph/node';
import { typediContainer } from '../../src/task/container';

/** The graph of a target, with the default container unless another is given. */
export function graphOf(target: unknown, options: Partial<BuildGraphOptions> = {}): Promise<Graph> {
  return buildGraph(target, { container: typediContainer, templates: new Map(), maxNodes: 10_000_000, ...options });
}

/** The keys of the targets, in order. */
export async function keysOf(target: unknown, fingerprints = new Map<number, string>()): Promise<string[]> {
  const graph = await graphOf(target);
  const keys = new NodeKeys(graph, fingerprints);
  return graph.targets.map(({ index }) => keys.get(index));
}

export async function keyOf(target: unknown, fingerprint?: string): Promise<string> {
  const [key] = await keysOf(target, new Map(fingerprint === undefined ? [] : [[0, fingerprint]]));
  return key!;
}

/** The nodes that a node requires. */
export function requiredBy(graph: Graph, { index }: GraphNode): GraphNode[] {
  const edges = graph.requirementsOf(index);
  return Array.from(edges, (edge) => graph.nodes[edge]!);
}

/** The message of the error. */
export async function messageOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Error) return error.message;
    throw error;
  }
  throw new Error('nothing went wrong');
}
