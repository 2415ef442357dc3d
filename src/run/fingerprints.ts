import { TidemarkError } from '../error';
import type { Graph } from '../graph/graph';
import { makeInstance, setParams, trapRequirements } from '../graph/instance';
import type { GraphNode } from '../graph/node';
import { ServicePlaceholders } from '../graph/service-placeholders';
import type { Container } from '../task/container';
import { takesServices } from '../task/service-params';
import type { Instance } from '../task/task-class';
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

/**
 * Asks one task, on an instance of its own that has params and no requirements: without its services, unless it uses
 * them.
 */
export async function fingerprint(node: GraphNode, container: Container, call: OpenCall): Promise<string> {
  const answer = await call.waitFor(() => `fingerprint() of ${node}`, askWithServices(node, container));
  if (typeof answer === 'string') return answer;
  throw new TidemarkError(
    `fingerprint() of ${node} gave ${answer === undefined ? 'undefined' : typeof answer}; it must give a string`,
  );
}

async function askWithServices(node: GraphNode, container: Container): Promise<unknown> {
  const { task } = node;
  const placeholders = new ServicePlaceholders(task.cls, task.name);
  try {
    const answer = await ask(node, placeholders.construct());
    // Whatever it made of a service that is not there, it may be something else with the service.
    if (placeholders.used === undefined) return answer;
  } catch (error) {
    // Another container than typedi's may give something to a class that declares no services.
    if (!takesServices(task.cls) && 'refuse' in container) throw error;
  }
  return ask(node, await makeInstance(task, container));
}

function ask(node: GraphNode, instance: Instance): unknown {
  trapRequirements(node.task, instance);
  setParams(instance, node);
  return (instance as { fingerprint?(): unknown }).fingerprint!();
}
