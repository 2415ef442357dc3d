import { restoreRefs } from '../../graph/stored-ref';
import type { StoredCheckpoint } from '../../storage/format/stored-checkpoint';
import type { CheckpointHit } from '../../storage/storage-stack';
import type { TaskKey } from '../../task/context';
import type { TaskRef } from '../../task/ref';
import { Provenance, paramsIn } from '../dynamic/provenance';
import type { PlannedGraph } from './planned-graph';

/** What the record of a result knows of the refs in all that it came from. */
type Memory = ReadonlyMap<TaskKey, readonly (readonly [TaskKey, TaskRef<unknown>])[]>;

const noRefs: Memory = new Map();

/**
 * What results named when they were there last. A task that is to run has none, but the records of what came from it
 * tell which refs it held, or that it held none.
 */
export class PreviousRefs {
  /** What is known of tasks, by key: a record that came from them. */
  readonly #memories = new Map<TaskKey, Memory>();
  /** The last results of tasks that are to run again, of those that named something. */
  readonly #own = new Map<TaskKey, unknown>();
  /** What results name, by the key of who holds them. */
  readonly #graphs = new Map<TaskKey, PlannedGraph>();
  readonly #covered = new WeakMap<PlannedGraph, Uint8Array>();
  #discovered: (readonly [PlannedGraph, number])[] = [];

  /** What the last result of a task that is to run named, as a structure; undefined for nothing, or when nobody knows. */
  refsIn(key: TaskKey): unknown {
    if (this.#own.has(key)) return this.#own.get(key);
    const refs = this.#memories.get(key)?.get(key);
    return refs && refs.length > 0 ? refs.map(([, ref]) => ref) : undefined;
  }

  /** The keys of what a result names, as they are today; undefined when it is not known. */
  namesOf(key: TaskKey): readonly TaskKey[] | undefined {
    const part = this.#graphs.get(key);
    if (part) return part.graph.targets.map(({ index }) => part.keys.get(index));
    const memory = this.#memories.get(key);
    return memory && !this.#own.has(key) && !memory.get(key)?.length ? nothing : undefined;
  }

  isNamed(holder: TaskKey): boolean {
    return this.#graphs.has(holder);
  }

  /** Notes what the result of a task names. */
  recordRefs(holder: TaskKey, part: PlannedGraph): void {
    this.#graphs.set(holder, part);
    this.#propagate(this.#namedAsBefore(holder));
  }

  /** The tasks to run of which something came to be known. */
  drainDiscovered(): readonly (readonly [PlannedGraph, number])[] {
    const learned = this.#discovered;
    this.#discovered = [];
    return learned;
  }

  /** Takes in what the records of a part tell; those that still count first, since they are newest. */
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
      // Nobody knows, then.
    }
  }

  /** A record knows all that its result came from. */
  #read(part: PlannedGraph, index: number, entry: StoredCheckpoint): void {
    const memory = memoryOf(part, entry);
    if (memory) this.#propagate(requiredBy(part, index).map((required) => ({ part, index: required, memory })));
  }

  /** Notes who knows of nodes, of all that these came from, and of what their results name. */
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

  /** Who knows of a result knows of what it names as well, as far as that has the keys that it had. */
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

/** A node of which a record knows. */
interface Known {
  readonly part: PlannedGraph;
  readonly index: number;
  readonly memory: Memory;
}

const nothing: readonly TaskKey[] = Object.freeze([]);

function requiredBy({ graph }: PlannedGraph, index: number): readonly number[] {
  return Array.from(graph.requirementsOf(index));
}

/** Undefined when a class that it names is not here. */
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
