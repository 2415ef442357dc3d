import { isInstance } from '../../base/describe-error';
import type { ExecutionParts } from '../execution-parts';
import type { ResultSharing } from '../result-sharing';
import type { ExecutionPeer, ResultMetadata } from './node-claims';
import { RefPath, type Resolution, UnresolvedError } from './resolve-refs';

/** What it needs besides what all share. */
export interface ArrivalsParts extends ExecutionParts {
  /** Whose results arrive. */
  readonly execution: ExecutionPeer;
  readonly sharing: ResultSharing;
  /** A node has no result for good. */
  fail(index: number, error: unknown): void;
}

/** Takes the results of one execution in. Those that hold refs are given to others once what these name is there as well. */
export class ResultDelivery {
  readonly #parts: ArrivalsParts;
  /** Targets whose results still hold refs. */
  readonly #unresolved = new Set<number>();

  constructor(parts: ArrivalsParts) {
    this.#parts = parts;
  }

  /** Whether the result of a target still holds refs. */
  get hasUnresolved(): boolean {
    return this.#unresolved.size > 0;
  }

  /** A result is there. */
  deliver(index: number, value: unknown, holdsRefs: boolean): void {
    const { graph, resolvesTargets, frontier } = this.#parts;
    const isRaw = holdsRefs && !resolvesTargets && graph.targets.includes(graph.nodes[index]!);
    if (isRaw) this.#unresolved.add(index);
    if (holdsRefs && !isRaw) this.#resolve(index, value);
    else frontier.complete(index, value);
  }

  /** Notes what another execution knows of a result. */
  recordMetadata(index: number, { digest, isComputedNow, provenance }: Omit<ResultMetadata, 'key'>): void {
    const { saves, lineage } = this.#parts;
    saves.recordResolved(index, digest, isComputedNow);
    if (provenance) lineage.set(index, provenance);
  }

  /** Runs what a result holds refs to. */
  #resolve(index: number, value: unknown): void {
    const { graph, dynamic, way, isTraced, execution, scheduler, frontier, skip, fail } = this.#parts;
    const node = graph.nodes[index]!;
    const holder = {
      execution,
      node,
      // Nothing in a run comes from what is wanted alone: that would be a circle.
      isTraced: isTraced || graph.targets.length > 1 || frontier.isRequired(index),
      way: new RefPath(way, graph, index),
      ...execution.metadataOf(node),
    };
    scheduler.wait(
      dynamic.resolve(holder, value).then(
        (resolution) => this.#resolved(index, resolution),
        (error) => {
          if (isInstance(error, UnresolvedError)) skip(frontier.fail(index));
          else fail(index, error);
        },
      ),
    );
  }

  #resolved(index: number, { value, digest, isComputedNow, provenance }: Resolution): void {
    const { sharing, frontier, lineage } = this.#parts;
    const settled = sharing.settleResolved(index, value);
    const earlier = lineage.get(index);
    if (earlier) provenance.addAll(earlier);
    this.recordMetadata(index, { digest, isComputedNow, provenance });
    frontier.complete(index, settled);
  }
}
