import { isInstance } from '../base/describe-error';
import type { Serialized } from '../encoding/encoder';
import { cbor } from '../encoding/serializers';
import type { Graph } from '../graph/graph';
import type { Keys } from '../graph/key';
import type { GraphNode } from '../graph/node';
import { isData } from '../graph/param-defaults';
import { fromStored, type StoredRef, toStored } from '../graph/stored-ref';
import { UnknownSecretError, UnstorableSecretError } from '../graph/stored-secret';
import { decodedFromStore } from '../storage/directories/saved-form';
import type { Entry } from '../storage/entry';
import { clearsOf } from '../storage/marks/epochs';
import type { TaskKey } from '../task/context';
import type { TaskRef } from '../task/ref';

/** What a result came from that its key does not tell: results that held refs, and what these led to. */
export class Provenance {
  /** The keys of such results, each with the keys of its refs. */
  readonly dynamic = new Map<TaskKey, readonly TaskKey[]>();
  /** The refs, by key. */
  readonly #refs = new Map<TaskKey, StoredRef>();
  /** Clear marks on them and on what they came from. */
  readonly marks = new Set<string>();
  #unsaved: string | undefined;

  /** Why a record cannot store the refs: one contains an unstorable secret. */
  get unsaved(): string | undefined {
    return this.#unsaved;
  }

  /** The result of a node held these refs. */
  add(key: TaskKey, node: GraphNode, refs: readonly (readonly [TaskKey, TaskRef<unknown>])[]): void {
    this.dynamic.set(
      key,
      refs.map(([of]) => of),
    );
    const holder = { key, task: node.task, params: asGiven(node) };
    for (const [of, ref] of refs) {
      try {
        this.#refs.set(of, toStored(ref, holder) as StoredRef);
      } catch (error) {
        if (!isInstance(error, UnstorableSecretError)) throw error;
        this.#unsaved ??= error.message;
      }
    }
  }

  addMarks(marks: Iterable<string>): void {
    for (const mark of marks) this.marks.add(mark);
  }

  /** What came from something came from all that this came from. */
  addAll(other: Provenance): void {
    for (const [holder, keys] of other.dynamic) this.dynamic.set(holder, keys);
    for (const [key, ref] of other.#refs) this.#refs.set(key, ref);
    this.#unsaved ??= other.#unsaved;
    this.addMarks(other.marks);
  }

  /** The refs as a record keeps them: how they are encoded, and that as base64. */
  encoded(): string {
    const { bytes, format } = cbor.serialize([...this.#refs], 'refs') as Serialized;
    return `${format}:${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}`;
  }

  /** That of a saved result, without what it holds itself. */
  static of(entry: Entry): Provenance {
    const provenance = new Provenance();
    for (const [holder, keys] of entry.dynamic) if (holder !== entry.key) provenance.dynamic.set(holder, keys);
    if (entry.refs !== undefined) {
      const [format = '', text = ''] = entry.refs.split(':');
      const refs = decodedFromStore(() => cbor.deserialize(Buffer.from(text, 'base64'), format)) as [
        TaskKey,
        StoredRef,
      ][];
      for (const [key, ref] of refs) provenance.#refs.set(key, ref);
    }
    provenance.addMarks(clearsOf(entry.marks));
    return provenance;
  }

  /**
   * The refs whose secrets are known.
   *
   * @param paramsOf the params of their holders, by key
   * @throws {UnknownTaskError} when the class of one is not here
   */
  refs(paramsOf: ParamsOf): Refs {
    const found = new Map<TaskKey, TaskRef<unknown>>();
    // A referenced task may hold further refs and pass its secrets on.
    const given: ParamsOf = (key) => paramsOf(key) ?? found.get(key)?.params;
    for (let open = [...this.#refs], before = 0; open.length > 0 && open.length !== before; ) {
      before = open.length;
      open = open.filter(([key, stored]) => {
        const ref = refOf(stored, given);
        if (ref) found.set(key, ref);
        return ref === undefined;
      });
    }
    return [...found];
  }

  /** How many refs there are. */
  get refCount(): number {
    return this.#refs.size;
  }
}

/** Refs with the keys that they had. */
export type Refs = readonly (readonly [TaskKey, TaskRef<unknown>])[];
/** The params of a task, by its key. */
export type ParamsOf = (key: TaskKey) => Readonly<Record<string, unknown>> | undefined;

/** The params given to a node. A value that is not data is replaced by the output of its schema. */
export function refParams({ params, given }: GraphNode): Readonly<Record<string, unknown>> {
  if (params === given) return given;
  const entries = Object.entries(given).map(([name, value]) => [name, isData(value) ? value : params[name]]);
  return Object.fromEntries(entries);
}

/** The params given to a node, with defaults. */
export function asGiven(node: GraphNode): Readonly<Record<string, unknown>> {
  return node.params === node.given ? node.params : { ...node.params, ...refParams(node) };
}

/** The params of a graph's nodes. Keys are computed on the first call. */
export function paramsIn(graph: Graph, keys: Keys): ParamsOf {
  let indices: Map<TaskKey, number> | undefined;
  return (key) => {
    indices ??= new Map(graph.nodes.map(({ index }) => [keys.of(index), index]));
    const index = indices.get(key);
    return index === undefined ? undefined : asGiven(graph.nodes[index]!);
  };
}

/** Undefined when a secret in it is not known. */
function refOf(stored: StoredRef, given: ParamsOf): TaskRef<unknown> | undefined {
  try {
    return fromStored(stored, { paramsOf: (holder) => given(holder as TaskKey) }) as TaskRef<unknown>;
  } catch (error) {
    if (isInstance(error, UnknownSecretError)) return undefined;
    throw error;
  }
}
