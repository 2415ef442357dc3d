import { isInstance } from '../base/describe-error';
import type { Facts, Participant } from './claims';
import { type Resolution, UnresolvedError } from './dynamic';
import type { ExecutionParts } from './execution-parts';
import type { ResultSharing } from './result-sharing';
import { Way } from './way';

/** What it needs besides what all share. */
export interface ArrivalsParts extends ExecutionParts {
  /** Whose results arrive. */
  readonly execution: Participant;
  readonly sharing: ResultSharing;
  /** A node has no result for good. */
  fail(index: number, error: unknown): void;
}

/** Takes the results of one execution in. Those that hold refs are given to others once what these name is there as well. */
export class Arrivals {
  readonly #parts: ArrivalsParts;
  /** Targets whose results still hold refs. */
  readonly #raw = new Set<number>();

  constructor(parts: ArrivalsParts) {
    this.#parts = parts;
  }

  /** Whether the result of a target still holds refs. */
  get haveRaw(): boolean {
    return this.#raw.size > 0;
  }

  /** A result is there. */
  take(index: number, value: unknown, holdsRefs: boolean): void {
    const { graph, resolvesTargets, frontier } = this.#parts;
    const isRaw = holdsRefs && !resolvesTargets && graph.targets.includes(graph.nodes[index]!);
    if (isRaw) this.#raw.add(index);
    if (holdsRefs && !isRaw) this.#resolve(index, value);
    else frontier.complete(index, value);
  }

  /** Notes what another execution knows of a result. */
  takeFacts(index: number, { digest, ranAnew, provenance }: Omit<Facts, 'key'>): void {
    const { saves, lineage } = this.#parts;
    saves.noteResolved(index, digest, ranAnew);
    if (provenance) lineage.note(index, provenance);
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
      way: new Way(way, graph, index),
      ...execution.factsOf(node),
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

  #resolved(index: number, { value, digest, ranAnew, provenance }: Resolution): void {
    const { sharing, frontier, lineage } = this.#parts;
    const settled = sharing.settleResolved(index, value);
    const earlier = lineage.of(index);
    if (earlier) provenance.addAll(earlier);
    this.takeFacts(index, { digest, ranAnew, provenance });
    frontier.complete(index, settled);
  }
}
