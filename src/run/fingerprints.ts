import { isPromiseLike } from '../awaitable';
import { TidemarkError } from '../error';
import type { Graph } from '../graph/graph';
import { makeInstance, setParams, trapRequirements } from '../graph/instance';
import type { GraphNode } from '../graph/node';
import type { Container } from '../task/container';
import { downstreamOf } from './downstream';
import type { OpenCall } from './open-calls';

/** What the tasks of a graph said of the outside, and which of them could not. */
export interface GraphFingerprints {
  readonly known: ReadonlyMap<number, string>;
  readonly failed: ReadonlyMap<number, unknown>;
  /** Whether a node's key cannot be known, since it or something that it comes from could not say. */
  readonly isKeyless: (index: number) => boolean;
}

const atOnce = 64;

/** Asks each task with a `fingerprint` method for it, once a node. */
export async function fingerprintsOf(graph: Graph, container: Container, call: OpenCall): Promise<GraphFingerprints> {
  const known = new Map<number, string>();
  const failed = new Map<number, unknown>();
  if (!graph.tasks.some(({ hasFingerprint }) => hasFingerprint)) return { known, failed, isKeyless: () => false };
  const asked = graph.order.filter((index) => graph.nodes[index]!.task.hasFingerprint)[Symbol.iterator]();
  const ask = async () => {
    for (const index of asked) {
      try {
        known.set(index, await fingerprint(graph.nodes[index]!, container, call));
      } catch (error) {
        failed.set(index, error);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, ask));
  return {
    known,
    failed,
    isKeyless: failed.size > 0 ? downstreamOf(graph, (index) => failed.has(index)) : () => false,
  };
}

/** Asks one task; on an instance of its own, which has params and no requirements. */
export async function fingerprint(node: GraphNode, container: Container, call: OpenCall): Promise<string> {
  const ask = async (): Promise<unknown> => {
    const made = makeInstance(node.task, container);
    const instance = trapRequirements(node.task, isPromiseLike(made) ? await made : (made as Record<string, unknown>));
    setParams(instance, node);
    return (instance as { fingerprint?(): unknown }).fingerprint!();
  };
  const answer = await call.waitFor(() => `fingerprint() of ${node}`, ask());
  if (typeof answer !== 'string')
    throw new TidemarkError(
      `fingerprint() of ${node} gave ${answer === undefined ? 'undefined' : typeof answer}; it must give a string`,
    );
  return answer;
}
