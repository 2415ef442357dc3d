import type { SharedResults } from '../executors/executor';
import { isResultHandle, loadedValue, type ResultHandle } from '../executors/remote/result-handle';
import { type GraphNode, NodePart } from '../graph/node';
import { mapStructure } from '../graph/structure';
import type { ChangedInputs } from './changed-inputs';
import { Action } from './decide';
import type { ExecutionParts } from './execution-parts';
import type { HandOver, ResultSharing } from './result-sharing';

/** What it needs besides what all share. */
export interface StoredResultsParts extends ExecutionParts {
  readonly outdated: ChangedInputs;
  readonly sharing: ResultSharing;
}

/** Results that executors left in the storage: they are loaded into this process only when something here needs them. */
export class RemoteResults {
  readonly #parts: StoredResultsParts;
  #areThere = false;

  constructor(parts: StoredResultsParts) {
    this.#parts = parts;
  }

  /** A result came in. Loads it when it is needed here, so that it is known at once when that cannot be done. */
  async accept(index: number, stored: ResultHandle): Promise<void> {
    this.#areThere = true;
    if (stored.holdsRefs || this.#isNeededHere(index)) await this.#load(index, stored);
  }

  /**
   * Loads what a node requires and cannot take as it lies in the storage. Gives those that could not be loaded;
   * undefined when there is nothing to wait for.
   */
  loadFor(index: number): Promise<readonly number[]> | undefined {
    if (!this.#areThere) return undefined;
    const { graph } = this.#parts;
    if (this.#acceptsStored(graph.nodes[index]!)) return undefined;
    return this.#loadAll(graph.requirementsOf(index));
  }

  /** Gives what a node receives of what it requires: values, or for some executors results as they lie in the storage. */
  resultsFor(node: GraphNode): (required: GraphNode) => unknown {
    return this.#areThere && !this.#acceptsStored(node) ? this.#valueOf : this.#resultOf;
  }

  /** How one attempt at a node receives them. @param mayRunAgain whether another attempt may follow */
  handoverFor(node: GraphNode, mayRunAgain: boolean): HandOver | undefined {
    const { laneOf, sharing } = this.#parts;
    return laneOf(node).executor.isRemote ? undefined : sharing.forTask(mayRunAgain);
  }

  /** Loads what is wanted of the run. Gives those that could not be loaded. */
  async loadTargets(): Promise<readonly number[]> {
    if (!this.#areThere) return [];
    return (await this.#loadAll(this.#parts.graph.targets.map(({ index }) => index))) ?? [];
  }

  /** What an executor has to know that keeps results in the storage itself. */
  sharedFor(index: number): SharedResults {
    const { runId, layers, saves, fingerprints, isForced, freezes, keys, graph } = this.#parts;
    return {
      runId,
      layers,
      facts: this.#factsOf(index),
      fingerprint: fingerprints.known.get(index),
      isForced: isForced(index),
      freezes,
      keyInputs: () => (fingerprints.hasUnknownKey(index) ? undefined : keys.inputsOf(graph.nodes[index]!)),
      savedAs: ({ index: required }) => saves.savedAs(required),
    };
  }

  /** What the record of a node is to say; undefined when its result is not saved. */
  #factsOf(index: number): SharedResults['facts'] {
    const { checkpoints, graph, saves, lineage, faults, fingerprints, outdated } = this.#parts;
    if (!checkpoints?.isSaving || !graph.nodes[index]!.task.save || fingerprints.hasUnknownKey(index)) return undefined;
    if (faults.doNotOverwrite.has(index) || outdated.has(index)) return undefined;
    const provenance = lineage.collect(index);
    if (provenance?.unsaved !== undefined) return undefined;
    const origin = provenance && { provenance, holdsRefs: false };
    return checkpoints.recordFieldsOf(index, { digestOf: saves.digestOf, origin }, 0);
  }

  readonly #resultOf = ({ index }: GraphNode): unknown => this.#parts.frontier.resultOf(index);

  readonly #valueOf = ({ index }: GraphNode): unknown => loadedValue(this.#parts.frontier.resultOf(index));

  #loadAll(indices: Iterable<number>): Promise<readonly number[]> | undefined {
    const loads: Promise<number | undefined>[] = [];
    for (const index of new Set(indices)) {
      const result = this.#parts.frontier.resultOf(index);
      if (!isResultHandle(result)) continue;
      // Another execution may have loaded it.
      if (result.isLoaded) this.#parts.sharing.settleOwn(index, result.loaded);
      if (result.isLoaded) continue;
      loads.push(
        this.#load(index, result).then(
          () => undefined,
          () => index,
        ),
      );
    }
    if (loads.length === 0) return undefined;
    return Promise.all(loads).then((lost) => lost.filter((one) => one !== undefined));
  }

  async #load(index: number, stored: ResultHandle): Promise<void> {
    this.#parts.sharing.settleOwn(index, await stored.load());
  }

  #isNeededHere(index: number): boolean {
    const { graph, demand, frontier, dynamic } = this.#parts;
    if (dynamic.claims.isActive || frontier.isWanted(index) || graph.nodes[index]!.task.hasCheckpoint) return true;
    return frontier
      .dependentsOf(index)
      .some((one) => demand.actions[one] === Action.run && !this.#acceptsStored(graph.nodes[one]!));
  }

  /** Whether the executor of a node takes results as they lie in the storage; of a part, only the value is of use. */
  #acceptsStored(node: GraphNode): boolean {
    return this.#parts.laneOf(node).executor.sharesStorage === true && !node.requirements.some(holdsPart);
  }
}

function holdsPart(template: unknown): boolean {
  let holds = false;
  mapStructure([template], (value) => {
    holds ||= value instanceof NodePart;
    return value;
  });
  return holds;
}
