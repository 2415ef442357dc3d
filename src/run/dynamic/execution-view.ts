import type { GraphNode } from '../../graph/node';
import type { TaskKey } from '../../task/context';
import type { NodeStates, SettleListener } from '../node-states';
import type { ReadyQueue } from '../ready-queue';
import type { ResultSharing } from '../result-sharing';
import type { RunGraph } from '../run-context';
import type { ExecutionPeer, ResultMetadata } from './node-claims';
import type { NodeProvenances } from './provenance';

/** The dependencies of an execution view. */
export interface ExecutionViewParts {
  readonly graph: RunGraph;
  readonly states: NodeStates;
  readonly ready: ReadyQueue;
  readonly provenances: NodeProvenances;
  readonly sharing: ResultSharing;
}

/** One execution, as the others of its run see it. */
export class ExecutionView implements ExecutionPeer {
  readonly #parts: ExecutionViewParts;

  constructor(parts: ExecutionViewParts) {
    this.#parts = parts;
  }

  get canStart(): boolean {
    return !this.#parts.ready.isEmpty;
  }

  *startedNodes(): IterableIterator<readonly [TaskKey, GraphNode]> {
    const { graph, reporter } = this.#parts.graph;
    for (const node of graph.nodes) {
      const key = this.mayHave(node) ? reporter.keyOf(node.index) : undefined;
      if (key !== undefined) yield [key, node];
    }
  }

  mayHave({ index }: GraphNode): boolean {
    const { states } = this.#parts;
    return states.isStarted(index) || states.isAvailable(index);
  }

  metadataOf({ index }: GraphNode): ResultMetadata {
    const { graph, states, provenances } = this.#parts;
    return {
      key: graph.reporter.keyOf(index),
      digest: states.facts.digestOf(index),
      isComputedNow: states.facts.isComputedNow(index),
      provenance: provenances.get(index),
    };
  }

  onSettled({ index }: GraphNode, callback: SettleListener): void {
    const { states, sharing } = this.#parts;
    states.onSettled(index, (outcome) =>
      callback(outcome && { value: sharing.forOtherExecution(index, outcome.value) }),
    );
  }

  firstUnsettled(node: GraphNode | undefined): GraphNode | undefined {
    const index = this.#parts.states.firstUnsettled(node?.index);
    return index === undefined ? undefined : this.#parts.graph.graph.nodes[index];
  }
}
