import type { Serialized } from '../encoding/encoder';
import { cbor } from '../encoding/serializers';
import { fromStored, type StoredRef, toStored } from '../graph/stored-ref';
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

  /** A result held these refs. */
  add(holder: TaskKey, refs: readonly (readonly [TaskKey, TaskRef<unknown>])[]): void {
    this.dynamic.set(
      holder,
      refs.map(([key]) => key),
    );
    for (const [key, ref] of refs) this.#refs.set(key, toStored(ref) as StoredRef);
  }

  addMarks(marks: Iterable<string>): void {
    for (const mark of marks) this.marks.add(mark);
  }

  /** What came from something came from all that this came from. */
  addAll(other: Provenance): void {
    for (const [holder, keys] of other.dynamic) this.dynamic.set(holder, keys);
    for (const [key, ref] of other.#refs) this.#refs.set(key, ref);
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
      const refs = cbor.deserialize(Buffer.from(text, 'base64'), format) as [TaskKey, StoredRef][];
      for (const [key, ref] of refs) provenance.#refs.set(key, ref);
    }
    provenance.addMarks(clearsOf(entry.marks));
    return provenance;
  }

  /** @throws {UnknownTaskError} when the class of one is not here */
  refs(): readonly (readonly [TaskKey, TaskRef<unknown>])[] {
    return Array.from(this.#refs, ([key, ref]) => [key, fromStored(ref) as TaskRef<unknown>]);
  }
}
