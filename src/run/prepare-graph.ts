import { explainError, isInstance } from '../base/describe-error';
import { TidemarkError } from '../base/error';
import { buildGraph } from '../graph/build-graph';
import { downstreamOf, type Graph } from '../graph/graph';
import { NodeKeys } from '../graph/key';
import type { GraphNode } from '../graph/node';
import { ServicePlaceholders } from '../graph/service-placeholders';
import { makeInstance, setParams, trapRequirements } from '../graph/task-instance';
import type { TaskTemplate } from '../graph/task-template';
import { type CheckedContainer, type Container, takesServices } from '../task/container';
import type { TaskDefinition } from '../task/definition';
import type { Instance } from '../task/task-class';
import { Checkpoints } from './checkpoints';
import type { OpenCall } from './open-calls';
import type { CheckpointsOptions } from './validity';

/** What the tasks of a graph said of the outside, and which of them could not. */
export interface GraphFingerprints {
  readonly known: ReadonlyMap<number, string>;
  readonly failed: ReadonlyMap<number, unknown>;
  /** Whether a node's key cannot be known, since it or something that it comes from could not say. */
  readonly hasUnknownKey: (index: number) => boolean;
}

const atOnce = 64;

/** Asks each task with a `fingerprint` method for it, once a node. */
async function fingerprintsOf(graph: Graph, container: Container, call: OpenCall): Promise<GraphFingerprints> {
  const known = new Map<number, string>();
  const failed = new Map<number, unknown>();
  if (!graph.tasks.some(({ hasFingerprint }) => hasFingerprint)) return { known, failed, hasUnknownKey: () => false };
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
    hasUnknownKey: failed.size > 0 ? downstreamOf(graph, (index) => failed.has(index)) : () => false,
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

/** A graph, and what identifies its nodes as things are now. */
export interface PreparedGraph {
  readonly graph: Graph;
  readonly keys: NodeKeys;
  readonly fingerprints: GraphFingerprints;
}

/** What preparing needs of a runner. */
export interface PreparerOptions {
  readonly container: Container & Partial<CheckedContainer>;
  readonly maxNodes: number | undefined;
  readonly rerunsChangedSource: boolean;
  readonly isClosed: () => boolean;
}

/** What is taken for a recursion without an end, unless a runner says something else. */
const defaultNodes = 10_000_000;
const defaultDepth = 1_000_000;

/** Makes the graphs of one run, or of one plan, key or clear: all of them have the same defaults. */
export class GraphPreparer {
  readonly #options: PreparerOptions;
  readonly #blueprints = new Map<TaskDefinition, TaskTemplate>();

  constructor(options: PreparerOptions) {
    this.#options = options;
  }

  /** @throws {TidemarkError} when the runner is closed */
  assertOpen(): void {
    if (this.#options.isClosed()) throw new TidemarkError('the runner is closed');
  }

  /** The graph of a target, and the keys of its nodes. */
  async prepare(target: unknown, call: OpenCall): Promise<PreparedGraph> {
    this.assertOpen();
    const { container, maxNodes = defaultNodes } = this.#options;
    const maxDepth = this.#options.maxNodes ?? defaultDepth;
    const graph = await call.waitFor(
      () => 'a schema of a param, or the container that makes tasks,',
      buildGraph(target, { container, templates: this.#blueprints, maxNodes, maxDepth }),
    );
    const fingerprints = await fingerprintsOf(graph, container, call);
    return { graph, fingerprints, keys: new NodeKeys(graph, fingerprints.known) };
  }

  /** Likewise, for those who need every key. @throws {TidemarkError} when a task's `fingerprint()` failed */
  async prepareWithKeys(target: unknown, call: OpenCall): Promise<PreparedGraph> {
    const prepared = await this.prepare(target, call);
    for (const [index, cause] of prepared.fingerprints.failed) {
      if (isInstance(cause, TidemarkError)) throw cause;
      const { nodes } = prepared.graph;
      throw new TidemarkError(`fingerprint() of ${nodes[index]} failed: ${explainError(cause)}`, { cause });
    }
    return prepared;
  }

  /** Nothing when no task of the graph is saved: then storage need not be asked at all. */
  async checkpointsFor(
    parts: Pick<CheckpointsOptions, 'graph' | 'keys' | 'layers' | 'directories' | 'marks' | 'forced'>,
    call: OpenCall,
  ): Promise<Checkpoints | undefined> {
    // Once marks were read, there are results that may come from what is in this graph.
    if (parts.marks.areUnread && !parts.graph.tasks.some(({ save }) => save)) return undefined;
    const { rerunsChangedSource } = this.#options;
    return Checkpoints.read({ ...parts, rerunsChangedSource, prepare: (refs) => this.prepare(refs, call) });
  }
}
