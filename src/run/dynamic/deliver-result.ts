import { isInstance } from '../../base/describe-error';
import type { NodeFailures } from '../node-failures';
import type { NodeStates } from '../node-states';
import type { PendingWork } from '../pending-work';
import type { ResultSharing } from '../result-sharing';
import type { RunContext, RunGraph } from '../run-context';
import type { ExecutionPeer, ResultMetadata } from './node-claims';
import type { NodeProvenances } from './provenance';
import { RefPath, type Resolution, UnresolvedError } from './resolve-refs';

/** The dependencies of result delivery. */
export interface ResultDeliveryParts {
  readonly run: Pick<RunContext, 'refResolver'>;
  readonly graph: RunGraph;
  readonly states: NodeStates;
  readonly provenances: NodeProvenances;
  readonly sharing: ResultSharing;
  readonly work: PendingWork;
  readonly failures: NodeFailures;
  /** The execution whose results are delivered. */
  readonly view: ExecutionPeer;
}

/** Delivers results to dependents. A result that holds refs is delivered once the results of its refs are there. */
export class ResultDelivery {
  readonly #parts: ResultDeliveryParts;
  /** Targets whose results still hold refs. */
  readonly #unresolved = new Set<number>();

  constructor(parts: ResultDeliveryParts) {
    this.#parts = parts;
  }

  /** True when the result of a target still holds refs. */
  get hasUnresolved(): boolean {
    return this.#unresolved.size > 0;
  }

  deliver(index: number, value: unknown, holdsRefs: boolean): void {
    const { graph, purpose } = this.#parts.graph;
    const staysUnresolved = holdsRefs && !purpose.resolvesTargets && graph.targets.includes(graph.nodes[index]!);
    if (staysUnresolved) this.#unresolved.add(index);
    if (holdsRefs && !staysUnresolved) this.#resolve(index, value);
    else this.#parts.states.complete(index, value);
  }

  /** Records the metadata of a result from another execution. */
  recordMetadata(index: number, { digest, isComputedNow, provenance }: Omit<ResultMetadata, 'key'>): void {
    const { states, provenances } = this.#parts;
    states.facts.recordResolved(index, digest, isComputedNow);
    if (provenance) provenances.set(index, provenance);
  }

  /** Runs the refs in a result. */
  #resolve(index: number, value: unknown): void {
    const { run, graph: runGraph, view, work, states, failures } = this.#parts;
    const { graph, purpose } = runGraph;
    const node = graph.nodes[index]!;
    const holder = {
      execution: view,
      node,
      // A sole target has no dependents in its run, as these would form a cycle.
      isTraced: purpose.isTraced || graph.targets.length > 1 || states.dependentsOf(index).length > 0,
      refPath: new RefPath(purpose.refPath, graph, index),
      ...view.metadataOf(node),
    };
    work.wait(
      run.refResolver.resolve(holder, value).then(
        (resolution) => this.#resolved(index, resolution),
        (error) => {
          if (isInstance(error, UnresolvedError)) failures.failSilently(index);
          else failures.fail(index, error);
        },
      ),
    );
  }

  #resolved(index: number, { value, digest, isComputedNow, provenance }: Resolution): void {
    const { sharing, states, provenances } = this.#parts;
    const settled = sharing.settleResolved(index, value);
    const earlier = provenances.get(index);
    if (earlier) provenance.addAll(earlier);
    this.recordMetadata(index, { digest, isComputedNow, provenance });
    states.complete(index, settled);
  }
}
