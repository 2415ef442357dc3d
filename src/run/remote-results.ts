import type { SharedResults } from '../executors/executor';
import { isResultHandle, loadedValue, type ResultHandle } from '../executors/remote/result-handle';
import { type GraphNode, NodePart } from '../graph/node';
import { mapStructure } from '../graph/structure';
import type { NodeProvenances } from './dynamic/provenance';
import type { NodeStates } from './node-states';
import type { HandOver, ResultSharing } from './result-sharing';
import type { RunContext, RunGraph } from './run-context';

/** The dependencies of remote results. */
export interface RemoteResultsParts {
  readonly run: Pick<RunContext, 'runId' | 'layers' | 'freezes' | 'queueOf' | 'refResolver'>;
  readonly graph: RunGraph;
  readonly states: NodeStates;
  readonly provenances: NodeProvenances;
  readonly sharing: ResultSharing;
}

/** Results that executors left in the storage: they are loaded into this process only when it needs them. */
export class RemoteResults {
  readonly #parts: RemoteResultsParts;
  #areThere = false;

  constructor(parts: RemoteResultsParts) {
    this.#parts = parts;
  }

  /** Accepts a result. Loads it when this process needs it, so that a failure shows immediately. */
  async accept(index: number, stored: ResultHandle): Promise<void> {
    this.#areThere = true;
    if (stored.holdsRefs || this.#isNeededHere(index)) await this.#load(index, stored);
  }

  /**
   * Loads the requirements of a node that it cannot receive as stored results. Resolves to those that could not be
   * loaded; returns undefined when there is nothing to load.
   */
  loadFor(index: number): Promise<readonly number[]> | undefined {
    if (!this.#areThere) return undefined;
    const { graph } = this.#parts.graph;
    if (this.#acceptsStored(graph.nodes[index]!)) return undefined;
    return this.#loadAll(graph.requirementsOf(index));
  }

  /** The inputs of a node: values, or, for executors that share the storage, handles of stored results. */
  resultsFor(node: GraphNode): (required: GraphNode) => unknown {
    return this.#areThere && !this.#acceptsStored(node) ? this.#valueOf : this.#resultOf;
  }

  /** Hands the inputs over to one attempt at a node. @param mayRunAgain true when another attempt may follow */
  handoverFor(node: GraphNode, mayRunAgain: boolean): HandOver | undefined {
    const { run, sharing } = this.#parts;
    return run.queueOf(node).executor.isRemote ? undefined : sharing.forTask(mayRunAgain);
  }

  /** Loads the targets. Returns those that could not be loaded. */
  async loadTargets(): Promise<readonly number[]> {
    if (!this.#areThere) return [];
    return (await this.#loadAll(this.#parts.graph.graph.targets.map(({ index }) => index))) ?? [];
  }

  /** The information for an executor that saves results itself. */
  sharedFor(index: number): SharedResults {
    const { runId, layers, freezes } = this.#parts.run;
    const { graph, keys, fingerprints, isForced } = this.#parts.graph;
    return {
      runId,
      layers,
      facts: this.#recordFieldsOf(index),
      fingerprint: fingerprints.known.get(index),
      isForced: isForced(index),
      freezes,
      keyInputs: () => (fingerprints.hasUnknownKey(index) ? undefined : keys.inputsOf(graph.nodes[index]!)),
      savedAs: ({ index: required }) => this.#savedAs(required),
    };
  }

  /** The key and digest of a result in the storage; undefined when it is not there, or not yet. */
  #savedAs(index: number): ReturnType<SharedResults['savedAs']> {
    const { graph, keys } = this.#parts.graph;
    const { facts } = this.#parts.states;
    const digest = facts.digestOf(index);
    const isThere = digest !== undefined && facts.isInStorage(index) && graph.nodes[index]!.task.save;
    return isThere ? { key: keys.get(index), digest } : undefined;
  }

  /** The fields of a node's record; undefined when its result is not saved. */
  #recordFieldsOf(index: number): SharedResults['facts'] {
    const { provenances, states } = this.#parts;
    const { graph, checkpoints, fingerprints } = this.#parts.graph;
    if (!checkpoints?.isSaving || !graph.nodes[index]!.task.save || fingerprints.hasUnknownKey(index)) return undefined;
    if (states.facts.isProtected(index) || states.facts.hasChangedInputs(index)) return undefined;
    const provenance = provenances.collect(index);
    if (provenance?.unsaved !== undefined) return undefined;
    const origin = provenance && { provenance, holdsRefs: false };
    return checkpoints.recordFieldsOf(index, { digestOf: states.facts.digestOf, origin }, 0);
  }

  readonly #resultOf = ({ index }: GraphNode): unknown => this.#parts.states.resultOf(index);

  readonly #valueOf = ({ index }: GraphNode): unknown => loadedValue(this.#parts.states.resultOf(index));

  #loadAll(indices: Iterable<number>): Promise<readonly number[]> | undefined {
    const loads: Promise<number | undefined>[] = [];
    for (const index of new Set(indices)) {
      const result = this.#parts.states.resultOf(index);
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
    const { run, states } = this.#parts;
    const { nodes } = this.#parts.graph.graph;
    if (run.refResolver.claims.isActive || states.isWanted(index) || nodes[index]!.task.hasCheckpoint) return true;
    return states.dependentsOf(index).some((one) => states.isToRun(one) && !this.#acceptsStored(nodes[one]!));
  }

  /** True when the executor of a node reads stored results itself; parts of results always need the value. */
  #acceptsStored(node: GraphNode): boolean {
    return this.#parts.run.queueOf(node).executor.sharesStorage === true && !node.requirements.some(holdsPart);
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
