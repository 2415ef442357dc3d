import { isInstance } from '../../base/describe-error';
import type { Serialized } from '../../encoding/encoder';
import { cbor } from '../../encoding/serialization/serializers';
import type { Graph } from '../../graph/graph';
import type { NodeKeys } from '../../graph/key';
import type { GraphNode } from '../../graph/node';
import { isData } from '../../graph/param-values';
import {
  restoreRefs,
  type StoredRef,
  storeRefs,
  UnknownSecretError,
  UnstorableSecretError,
} from '../../graph/stored-ref';
import { decodeFromStorage } from '../../storage/directories/encode-directory';
import type { StoredCheckpoint } from '../../storage/format/stored-checkpoint';
import { clearMarksIn } from '../../storage/marks/epochs';
import type { TaskKey } from '../../task/context';
import type { TaskRef } from '../../task/ref';

/** The origins of a result beyond its key: results that held refs, and the results of these refs. */
export class Provenance {
  /** The keys of results that held refs, each with the keys of its refs. */
  readonly dynamic = new Map<TaskKey, readonly TaskKey[]>();
  /** The refs, by key. */
  readonly #refs = new Map<TaskKey, StoredRef>();
  /** The clear marks on the refs and their ancestors. */
  readonly marks = new Set<string>();
  #unsaved: string | undefined;

  /** The reason why a record cannot store the refs: one contains an unstorable secret. */
  get unsaved(): string | undefined {
    return this.#unsaved;
  }

  /** Adds the refs in the result of a node. */
  add(key: TaskKey, node: GraphNode, refs: readonly (readonly [TaskKey, TaskRef<unknown>])[]): void {
    this.dynamic.set(
      key,
      refs.map(([of]) => of),
    );
    const holder = { key, task: node.task, params: givenParams(node) };
    for (const [of, ref] of refs) {
      try {
        this.#refs.set(of, storeRefs(ref, holder) as StoredRef);
      } catch (error) {
        if (!isInstance(error, UnstorableSecretError)) throw error;
        this.#unsaved ??= error.message;
      }
    }
  }

  addMarks(marks: Iterable<string>): void {
    for (const mark of marks) this.marks.add(mark);
  }

  /** Adds the provenance of a requirement. */
  addAll(other: Provenance): void {
    for (const [holder, keys] of other.dynamic) this.dynamic.set(holder, keys);
    for (const [key, ref] of other.#refs) this.#refs.set(key, ref);
    this.#unsaved ??= other.#unsaved;
    this.addMarks(other.marks);
  }

  /** The refs in the form of a record: the format, and the encoded bytes as base64. */
  encoded(): string {
    const { bytes, format } = cbor.serialize([...this.#refs], 'refs') as Serialized;
    return `${format}:${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}`;
  }

  /** The provenance of a saved result, without the refs that it holds itself. */
  static from(entry: StoredCheckpoint): Provenance {
    const provenance = new Provenance();
    for (const [holder, keys] of entry.dynamic) if (holder !== entry.key) provenance.dynamic.set(holder, keys);
    if (entry.refs !== undefined) {
      const [format = '', text = ''] = entry.refs.split(':');
      const refs = decodeFromStorage(() => cbor.deserialize(Buffer.from(text, 'base64'), format)) as [
        TaskKey,
        StoredRef,
      ][];
      for (const [key, ref] of refs) provenance.#refs.set(key, ref);
    }
    provenance.addMarks(clearMarksIn(entry.marks));
    return provenance;
  }

  /**
   * The refs whose secrets are known.
   *
   * @param paramsOf the params of their holders, by key
   * @throws {UnknownTaskError} when the class of a ref is not loaded
   */
  refs(paramsOf: ParamsByKey): KeyedRefs {
    const found = new Map<TaskKey, TaskRef<unknown>>();
    // A referenced task may hold further refs and pass on its secrets.
    const given: ParamsByKey = (key) => paramsOf(key) ?? found.get(key)?.params;
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

  /** The number of refs. */
  get refCount(): number {
    return this.#refs.size;
  }
}

/** Refs with their keys at the time of saving. */
export type KeyedRefs = readonly (readonly [TaskKey, TaskRef<unknown>])[];
/** The params of a task, by its key. */
export type ParamsByKey = (key: TaskKey) => Readonly<Record<string, unknown>> | undefined;

/** The params given to a node. A value that is not data is replaced by the output of its schema. */
export function refParams({ params, givenParams }: GraphNode): Readonly<Record<string, unknown>> {
  if (params === givenParams) return givenParams;
  const entries = Object.entries(givenParams).map(([name, value]) => [name, isData(value) ? value : params[name]]);
  return Object.fromEntries(entries);
}

/** The params given to a node, with defaults. */
function givenParams(node: GraphNode): Readonly<Record<string, unknown>> {
  return node.params === node.givenParams ? node.params : { ...node.params, ...refParams(node) };
}

/** The params of a graph's nodes. Keys are computed on the first call. */
export function paramsIn(graph: Graph, keys: NodeKeys): ParamsByKey {
  let indices: Map<TaskKey, number> | undefined;
  return (key) => {
    indices ??= new Map(graph.nodes.map(({ index }) => [keys.get(index), index]));
    const index = indices.get(key);
    return index === undefined ? undefined : givenParams(graph.nodes[index]!);
  };
}

/** Undefined when a secret in the ref is unknown. */
function refOf(stored: StoredRef, given: ParamsByKey): TaskRef<unknown> | undefined {
  try {
    return restoreRefs(stored, { paramsOf: (holder) => given(holder as TaskKey) }) as TaskRef<unknown>;
  } catch (error) {
    if (isInstance(error, UnknownSecretError)) return undefined;
    throw error;
  }
}

/** The provenance of nodes, sparse, since most have none. */
export class NodeProvenances {
  readonly #graph: Graph;
  readonly #known = new Map<number, Provenance>();

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  get(index: number): Provenance | undefined {
    return this.#known.get(index);
  }

  set(index: number, provenance: Provenance): void {
    this.#known.set(index, provenance);
  }

  /** Collects the provenance of a node from its requirements, and returns it; most nodes have none. */
  collect(index: number): Provenance | undefined {
    if (this.#known.size === 0) return undefined;
    const found = [...this.#graph.requirementsOf(index)].flatMap((one) => this.#known.get(one) ?? []);
    if (found.length === 0) return undefined;
    const provenance = new Provenance();
    for (const one of found) provenance.addAll(one);
    this.#known.set(index, provenance);
    return provenance;
  }
}
