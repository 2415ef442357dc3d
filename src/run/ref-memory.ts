import { fromStored } from '../graph/stored-ref';
import type { Entry } from '../storage/entry';
import type { Found } from '../storage/layers';
import type { TaskKey } from '../task/context';
import type { TaskRef } from '../task/ref';
import { Action } from './demand';
import type { PlanPart } from './plan-part';
import { Provenance, paramsIn } from './provenance';

/** What the record of a result knows of the refs in all that it came from. */
type Memory = ReadonlyMap<TaskKey, readonly (readonly [TaskKey, TaskRef<unknown>])[]>;

const noRefs: Memory = new Map();

/**
 * What results named when they were there last. A task that is to run has none, but the records of what came from it
 * tell which refs it held, or that it held none.
 */
export class RefMemory {
  /** What is known of tasks, by key: a record that came from them. */
  readonly #memories = new Map<TaskKey, Memory>();
  /** The last results of tasks that are to run again, of those that named something. */
  readonly #own = new Map<TaskKey, unknown>();
  /** What results name, by the key of who holds them. */
  readonly #parts = new Map<TaskKey, PlanPart>();
  readonly #covered = new WeakMap<PlanPart, Uint8Array>();
  #learned: (readonly [PlanPart, number])[] = [];

  /** What the last result of a task that is to run named, as a structure; undefined for nothing, or when nobody knows. */
  refsIn(key: TaskKey): unknown {
    if (this.#own.has(key)) return this.#own.get(key);
    const refs = this.#memories.get(key)?.get(key);
    return refs && refs.length > 0 ? refs.map(([, ref]) => ref) : undefined;
  }

  /** The keys of what a result names, as they are today; undefined when it is not known. */
  namesOf(key: TaskKey): readonly TaskKey[] | undefined {
    const part = this.#parts.get(key);
    if (part) return part.graph.targets.map(({ index }) => part.keys.of(index));
    const memory = this.#memories.get(key);
    return memory && !this.#own.has(key) && !memory.get(key)?.length ? nothing : undefined;
  }

  isNamed(holder: TaskKey): boolean {
    return this.#parts.has(holder);
  }

  /** Notes what the result of a task names. */
  named(holder: TaskKey, part: PlanPart): void {
    this.#parts.set(holder, part);
    this.#cover(this.#namedAsBefore(holder));
  }

  /** The tasks to run of which something came to be known. */
  takeLearned(): readonly (readonly [PlanPart, number])[] {
    const learned = this.#learned;
    this.#learned = [];
    return learned;
  }

  /** Takes in what the records of a part tell; those that still count first, since they are newest. */
  async recall(part: PlanPart): Promise<void> {
    const { found, stale } = part.demand;
    for (const [index, { entry }] of found) this.#read(part, index, entry);
    for (const [index, [first]] of stale) {
      if (first!.entry.holdsRefs) await this.#readOwn(part, index, first!);
      else this.#memories.set(part.keys.of(index), noRefs);
      this.#read(part, index, first!.entry);
    }
  }

  async #readOwn(part: PlanPart, index: number, found: Found): Promise<void> {
    const key = part.keys.of(index);
    try {
      this.#own.set(
        key,
        fromStored(await part.read(index, found), { paramsOf: () => part.graph.nodes[index]!.params }),
      );
      this.#learned.push([part, index]);
    } catch {
      // Nobody knows, then.
    }
  }

  /** A record knows all that its result came from. */
  #read(part: PlanPart, index: number, entry: Entry): void {
    const memory = memoryOf(part, entry);
    if (memory) this.#cover(requiredBy(part, index).map((required) => ({ part, index: required, memory })));
  }

  /** Notes who knows of nodes, of all that these came from, and of what their results name. */
  #cover(known: readonly Known[]): void {
    const stack = [...known];
    while (stack.length > 0) {
      const { part, index, memory } = stack.pop()!;
      let covered = this.#covered.get(part);
      if (!covered) this.#covered.set(part, (covered = new Uint8Array(part.graph.nodes.length)));
      if (covered[index] === 1) continue;
      covered[index] = 1;
      for (const required of requiredBy(part, index)) stack.push({ part, index: required, memory });
      if (part.demand.actions[index] === Action.none) continue;
      const key = part.keys.of(index);
      if (this.#memories.has(key)) continue;
      this.#memories.set(key, memory);
      if (part.demand.actions[index] === Action.run) this.#learned.push([part, index]);
      for (const one of this.#namedAsBefore(key)) stack.push(one);
    }
  }

  /** Who knows of a result knows of what it names as well, as far as that has the keys that it had. */
  #namedAsBefore(holder: TaskKey): readonly Known[] {
    const part = this.#parts.get(holder);
    const memory = this.#memories.get(holder);
    const refs = memory?.get(holder);
    if (!part || !memory || !refs) return [];
    const before = new Set(refs.map(([key]) => key));
    const same = part.graph.targets.filter(({ index }) => before.has(part.keys.of(index)));
    return same.map(({ index }) => ({ part, index, memory }));
  }
}

/** A node of which a record knows. */
interface Known {
  readonly part: PlanPart;
  readonly index: number;
  readonly memory: Memory;
}

const nothing: readonly TaskKey[] = Object.freeze([]);

function requiredBy({ graph: { edges, firstEdge, endEdge } }: PlanPart, index: number): readonly number[] {
  return Array.from(edges.subarray(firstEdge[index]!, endEdge[index]!));
}

/** Undefined when a class that it names is not here. */
function memoryOf(part: PlanPart, entry: Entry): Memory | undefined {
  if (!entry.isDynamic) return noRefs;
  try {
    const provenance = Provenance.of(entry);
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
