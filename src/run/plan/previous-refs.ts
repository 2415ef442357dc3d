import { restoreRefs } from '../../graph/stored-ref';
import type { StoredCheckpoint } from '../../storage/format/stored-checkpoint';
import type { CheckpointHit } from '../../storage/storage-stack';
import type { TaskKey } from '../../task/context';
import type { TaskRef } from '../../task/ref';
import { Provenance, paramsIn } from '../dynamic/provenance';
import type { PlannedGraph } from './planned-graph';

/** The refs in the ancestors of a result, from its record. */
type Memory = ReadonlyMap<TaskKey, readonly (readonly [TaskKey, TaskRef<unknown>])[]>;

const noRefs: Memory = new Map();

/**
 * The refs in earlier results. A task to run has no current result, but the records of results derived from its last
 * one contain the refs that it held, or show that it held none.
 */
export class PreviousRefs {
  /** For each key, the record of a result derived from it. */
  readonly #memories = new Map<TaskKey, Memory>();
  /** The last results of tasks to run again, if they held refs. */
  readonly #own = new Map<TaskKey, unknown>();
  /** The graphs of the refs in results, by the key of the holder. */
  readonly #graphs = new Map<TaskKey, PlannedGraph>();
  readonly #covered = new WeakMap<PlannedGraph, Uint8Array>();
  #discovered: (readonly [PlannedGraph, number])[] = [];

  /** The structure of refs in the last result of a task to run; undefined when it held none or is unknown. */
  refsIn(key: TaskKey): unknown {
    if (this.#own.has(key)) return this.#own.get(key);
    const refs = this.#memories.get(key)?.get(key);
    return refs && refs.length > 0 ? refs.map(([, ref]) => ref) : undefined;
  }

  /** The current keys of the refs in a result; undefined when unknown. */
  namesOf(key: TaskKey): readonly TaskKey[] | undefined {
    const part = this.#graphs.get(key);
    if (part) return part.graph.targets.map(({ index }) => part.keys.get(index));
    const memory = this.#memories.get(key);
    return memory && !this.#own.has(key) && !memory.get(key)?.length ? nothing : undefined;
  }

  isNamed(holder: TaskKey): boolean {
    return this.#graphs.has(holder);
  }

  /** Records the graph of the refs in a result. */
  recordRefs(holder: TaskKey, part: PlannedGraph): void {
    this.#graphs.set(holder, part);
    this.#propagate(this.#namedAsBefore(holder));
  }

  /** Returns the tasks to run whose earlier refs became known since the last call. */
  drainDiscovered(): readonly (readonly [PlannedGraph, number])[] {
    const discovered = this.#discovered;
    this.#discovered = [];
    return discovered;
  }

  /** Loads the records of a graph; valid ones first, since they are newest. */
  async load(part: PlannedGraph): Promise<void> {
    const { found, stale } = part.known;
    for (const [index, { checkpoint }] of found) this.#read(part, index, checkpoint);
    for (const [index, [first]] of stale) {
      if (first!.checkpoint.holdsRefs) await this.#readOwn(part, index, first!);
      else this.#memories.set(part.keys.get(index), noRefs);
      this.#read(part, index, first!.checkpoint);
    }
  }

  async #readOwn(part: PlannedGraph, index: number, found: CheckpointHit): Promise<void> {
    const key = part.keys.get(index);
    try {
      this.#own.set(
        key,
        restoreRefs(await part.read(index, found), { paramsOf: () => part.graph.nodes[index]!.params }),
      );
      this.#discovered.push([part, index]);
    } catch {
      // Its refs stay unknown.
    }
  }

  /** Records the ancestors of a result. */
  #read(part: PlannedGraph, index: number, entry: StoredCheckpoint): void {
    const memory = memoryOf(part, entry);
    if (memory) this.#propagate(requiredBy(part, index).map((required) => ({ part, index: required, memory })));
  }

  /** Propagates records to nodes, to their ancestors, and to the refs in their results. */
  #propagate(known: readonly Known[]): void {
    const stack = [...known];
    while (stack.length > 0) {
      const { part, index, memory } = stack.pop()!;
      let covered = this.#covered.get(part);
      if (!covered) this.#covered.set(part, (covered = new Uint8Array(part.graph.nodes.length)));
      if (covered[index] === 1) continue;
      covered[index] = 1;
      for (const required of requiredBy(part, index)) stack.push({ part, index: required, memory });
      if (part.states.isUndecided(index)) continue;
      const key = part.keys.get(index);
      if (this.#memories.has(key)) continue;
      this.#memories.set(key, memory);
      if (part.states.isToRun(index)) this.#discovered.push([part, index]);
      for (const one of this.#namedAsBefore(key)) stack.push(one);
    }
  }

  /** The refs in a result whose keys are unchanged: the record that covers the result covers them too. */
  #namedAsBefore(holder: TaskKey): readonly Known[] {
    const part = this.#graphs.get(holder);
    const memory = this.#memories.get(holder);
    const refs = memory?.get(holder);
    if (!part || !memory || !refs) return [];
    const before = new Set(refs.map(([key]) => key));
    const same = part.graph.targets.filter(({ index }) => before.has(part.keys.get(index)));
    return same.map(({ index }) => ({ part, index, memory }));
  }
}

/** A node that a record covers. */
interface Known {
  readonly part: PlannedGraph;
  readonly index: number;
  readonly memory: Memory;
}

const nothing: readonly TaskKey[] = Object.freeze([]);

function requiredBy({ graph }: PlannedGraph, index: number): readonly number[] {
  return Array.from(graph.requirementsOf(index));
}

/** Undefined when a class that it names is not loaded. */
function memoryOf(part: PlannedGraph, entry: StoredCheckpoint): Memory | undefined {
  if (!entry.isDynamic) return noRefs;
  try {
    const provenance = Provenance.from(entry);
    const refs = new Map(provenance.refs(paramsIn(part.graph, part.keys)));
    return new Map(
      Array.from(provenance.dynamic, ([holder, keys]) => [
        holder,
        keys.flatMap((key) => {
          const ref = refs.get(key);
          return ref ? [[key, ref] as const] : [];
        }),
      ]),
    );
  } catch {
    return undefined;
  }
}
