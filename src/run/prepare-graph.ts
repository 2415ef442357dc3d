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

/** The fingerprints of a graph's tasks, and the errors of those that failed. */
export interface GraphFingerprints {
  readonly known: ReadonlyMap<number, string>;
  readonly failed: ReadonlyMap<number, unknown>;
  /** True for a node without a key, since its fingerprint or that of an ancestor failed. */
  readonly hasUnknownKey: (index: number) => boolean;
}

const atOnce = 64;

/** Calls the `fingerprint` methods of tasks, once for each node. */
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
 * Computes the fingerprint of a node on a separate instance with params but without requirements. Services are only
 * created when the method uses them.
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
    // An answer that involved a placeholder may differ with the real service.
    if (placeholders.used === undefined) return answer;
  } catch (error) {
    // Containers other than typedi's may inject into a class that declares no services.
    if (!takesServices(task.cls) && 'refuse' in container) throw error;
  }
  return ask(node, await makeInstance(task, container));
}

function ask(node: GraphNode, instance: Instance): unknown {
  trapRequirements(node.task, instance);
  setParams(instance, node);
  return (instance as { fingerprint?(): unknown }).fingerprint!();
}

/** A graph with its current fingerprints and keys. */
export interface PreparedGraph {
  readonly graph: Graph;
  readonly keys: NodeKeys;
  readonly fingerprints: GraphFingerprints;
}

/** The parts of a runner that preparing uses. */
export interface PreparerOptions {
  readonly container: Container & Partial<CheckedContainer>;
  readonly maxNodes: number | undefined;
  readonly rerunsChangedSource: boolean;
  readonly isClosed: () => boolean;
}

/** The default limits beyond which a graph counts as an infinite recursion. */
const defaultNodes = 10_000_000;
const defaultDepth = 1_000_000;

/** Prepares the graphs of one run, plan, key or clear, with the same param defaults in all of them. */
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

  /** Builds the graph of a target, and the keys of its nodes. */
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

  /** Like `prepare`, with a key for every node. @throws {TidemarkError} when a task's `fingerprint()` failed */
  async prepareWithKeys(target: unknown, call: OpenCall): Promise<PreparedGraph> {
    const prepared = await this.prepare(target, call);
    for (const [index, cause] of prepared.fingerprints.failed) {
      if (isInstance(cause, TidemarkError)) throw cause;
      const { nodes } = prepared.graph;
      throw new TidemarkError(`fingerprint() of ${nodes[index]} failed: ${explainError(cause)}`, { cause });
    }
    return prepared;
  }

  /** The checkpoints of a graph; undefined when none of its tasks is saved, so that the storage is not read at all. */
  async checkpointsFor(
    parts: Pick<CheckpointsOptions, 'graph' | 'keys' | 'layers' | 'directories' | 'marks' | 'forced'>,
    call: OpenCall,
  ): Promise<Checkpoints | undefined> {
    // Once marks were read, other results of the run may depend on this graph.
    if (parts.marks.areUnread && !parts.graph.tasks.some(({ save }) => save)) return undefined;
    const { rerunsChangedSource } = this.#options;
    return Checkpoints.read({ ...parts, rerunsChangedSource, prepare: (refs) => this.prepare(refs, call) });
  }
}
