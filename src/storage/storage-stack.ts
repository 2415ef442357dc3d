import { type Awaitable, andThen, isPromiseLike } from '../base/awaitable';
import type { Encoder, Serialization } from '../encoding/encoder';
import { cbor } from '../encoding/serialization/serializers';
import type { TaskKey } from '../task/context';
import type { CheckpointStore } from './checkpoint-store';
import { decodeWithDirectories } from './directories/encode-directory';
import type { TaskDirectoryStore } from './directories/task-directory-store';
import { readonlyError } from './errors';
import type { StoredCheckpoint } from './format/stored-checkpoint';
import type { Lease, Leases } from './leases/lease';
import { clearMarksIn, epochsIn, marksForStore, startWithEpochOf } from './marks/epochs';
import { markForStore, newMarkId } from './marks/mark-log';
import { type EncodedForms, type SerializedValue, serializeResult } from './result-codec';
import { newSaveStamp, type RecordFields, type SaveStamp } from './write-checkpoint';

/** A store that is read, and the stores that get a copy of what is loaded from it. */
export interface ReadStore {
  readonly store: CheckpointStore;
  readonly promoteTo: readonly CheckpointStore[];
}

/** A checkpoint, and the store that it was found in. */
export interface CheckpointHit {
  readonly from: ReadStore;
  readonly checkpoint: StoredCheckpoint;
}

/** A store could not answer. */
export interface StorageFailure {
  readonly store: CheckpointStore;
  readonly error: unknown;
}

/** The answer of the stores for one key. */
export interface Lookup {
  /** The first checkpoint that counts. */
  readonly found: CheckpointHit | undefined;
  /** The checkpoints before it that do not count. */
  readonly stale: readonly CheckpointHit[];
  /** The reason to compute the result, when no checkpoint counts. */
  readonly why: string;
  readonly failures: readonly StorageFailure[];
}

export interface FindRequest {
  readonly key: TaskKey;
  /** The encoder of the task; undefined if it has none of its own. */
  readonly encoder: Encoder | undefined;
  /** The reason why a checkpoint does not count; undefined if it counts. */
  readonly whyStale: (hit: CheckpointHit) => Awaitable<string | undefined>;
}

/** A result to save in all stores that are written. */
interface StackSaveRequest {
  readonly fields: RecordFields;
  readonly forms: EncodedForms;
  /** The encoder of the task; undefined if it has none of its own. */
  readonly encoder: Encoder | undefined;
  /** The checkpoints under the same key that no longer count. */
  readonly stale?: readonly CheckpointHit[] | undefined;
  /** One of `leases`: the result is written by it first, and nowhere if it was lost. */
  readonly lease?: Lease | undefined;
}

/** A loaded checkpoint to copy to the stores before its own. */
interface PromoteRequest {
  readonly hit: CheckpointHit;
  readonly value: SerializedValue;
  readonly encoder: Encoder | undefined;
  /** The checkpoints under the same key that no longer count. */
  readonly stale?: readonly CheckpointHit[] | undefined;
  /** The epochs of the stores at the start of the run. @default those in the record */
  readonly epochs?: readonly string[];
}

export const nothingFound: Lookup = Object.freeze({
  found: undefined,
  stale: Object.freeze([]),
  why: 'there is no checkpoint',
  failures: Object.freeze([]),
});

/** The reason to compute a result whose checkpoint is there. */
export const unusable = 'its checkpoint cannot be used';

/** Several stores as one: checkpoints are looked up in their order, and written to some or all of them. */
export class StorageStack {
  readonly reads: readonly ReadStore[];
  readonly writes: readonly CheckpointStore[];
  /** The stores that are read or written, each once. */
  readonly all: readonly CheckpointStore[];

  constructor(reads: readonly ReadStore[], writes: readonly CheckpointStore[]) {
    this.reads = reads;
    this.writes = writes;
    this.all = [...new Set([...reads.map(({ store }) => store), ...writes])];
  }

  get location(): string {
    return this.all.map(({ location }) => location).join(', then ');
  }

  /** The leases of the last store that is written and has leases: the farthest store is shared by most processes. */
  get leases(): Leases | undefined {
    return this.#leaseStore?.leases;
  }

  /** The stores that may be changed. @throws {StorageError} when all are read-only */
  writable(operation: 'write' | 'delete'): readonly CheckpointStore[] {
    const stores = this.all.filter(({ isReadonly }) => !isReadonly);
    if (stores.length > 0 || this.reads.length === 0) return stores;
    throw readonlyError(this.location, operation);
  }

  /**
   * Finds the first checkpoint of a key that counts. Never throws: the failure of a store is part of the answer.
   *
   * @param start the index in `reads` of the first store to search
   */
  find(request: FindRequest, start = 0, seen = nothingFound): Awaitable<Lookup> {
    let lookup = seen;
    for (let at = start; at < this.reads.length && !lookup.found; at++) {
      const from = this.reads[at]!;
      const before = lookup;
      try {
        const checkpoint = from.store.find(request.key, request.encoder);
        const judged = andThen(checkpoint, (known) => judge(request, from, known, before));
        if (isPromiseLike(judged)) {
          const findNext = (later: Lookup) => (later.found ? later : this.find(request, at + 1, later));
          return judged.then(findNext, (error: unknown) => findNext(withFailure(before, from, error)));
        }
        lookup = judged as Lookup;
      } catch (error) {
        lookup = withFailure(before, from, error);
      }
    }
    return lookup;
  }

  /**
   * The value of a checkpoint, with the directories in it.
   *
   * @param directories holds the directories of stores that keep none
   * @throws the errors of `CheckpointStore.find`
   */
  load(
    { from, checkpoint }: CheckpointHit,
    ofTask: Encoder | undefined,
    directories?: TaskDirectoryStore,
  ): Awaitable<unknown> {
    const { store } = from;
    if (checkpoint.directories.length === 0) return store.load(checkpoint, ofTask);
    const homes = this.directoryStores(directories);
    const pathOf = (name: string) =>
      (homes.find((home) => home.has(name)) ?? homes.find((home) => home.isInside(name)))?.pathOf(name);
    return decodeWithDirectories(pathOf, () => store.load(checkpoint, ofTask));
  }

  /** Serialises a result, with its digest, in each form in which it is to be written. */
  encode(value: unknown, ofTask: Encoder | undefined): Awaitable<EncodedForms> {
    const serializations = this.#serializations(ofTask);
    if (serializations.length > 1) return encodeAll(value, serializations);
    const [serialization] = serializations as [Serialization];
    const serialized = serializeResult(value, serialization);
    const toForms = (form: SerializedValue): EncodedForms => ({
      digest: form.digest,
      bySerialization: [[serialization, form]],
    });
    return isPromiseLike(serialized) ? serialized.then(toForms) : toForms(serialized);
  }

  /** `encode` reads all of a value before it returns; serializers of other packages may not. */
  encodesSynchronously(ofTask: Encoder | undefined): boolean {
    return this.#serializations(ofTask).every((one) => one === cbor);
  }

  /** The forms of a result that another process serialised; undefined if a store writes it in another form. */
  reuseEncoded(value: SerializedValue, ofTask: Encoder | undefined): EncodedForms | undefined {
    const wanted = this.#serializations(ofTask);
    if (!wanted.every(({ id }) => id === value.serializer)) return undefined;
    return { digest: value.digest, bySerialization: wanted.map((one) => [one, value]) };
  }

  /**
   * Saves a result in all stores that are written.
   *
   * @returns the size of the stored results in bytes, of all stores together
   * @throws {LeaseLostError}
   */
  save(request: StackSaveRequest): Awaitable<number> {
    // One stamp for all, so that the records of one result are equal.
    const stamp = newSaveStamp();
    if (this.writes.length !== 1) return this.#saveInAll(request, stamp);
    const store = this.writes[0]!;
    const { forms, encoder, stale, lease } = request;
    const value = formFor(store, forms, encoder);
    const replaces = staleIn(store, stale);
    const fields = this.#withMarks(store, request.fields);
    return isPromiseLike(fields)
      ? fields.then((later) => store.save({ fields: later, value, encoder, replaces, stamp, lease }))
      : store.save({ fields, value, encoder, replaces, stamp, lease });
  }

  /** Copies a loaded checkpoint to the stores before its own. */
  async promote({ hit, value, encoder, stale, epochs }: PromoteRequest): Promise<void> {
    const { marks } = hit.checkpoint;
    const record = { ...hit.checkpoint.toRecord(), marks: [...(epochs ?? epochsIn(marks)), ...clearMarksIn(marks)] };
    for (const store of hit.from.promoteTo) {
      const fields = await this.#withMarks(store, record);
      await store.save({ fields, value, encoder, replaces: staleIn(store, stale), stamp: record });
    }
  }

  /** Deletes a checkpoint in all stores that may be changed. Returns false if there was none. @param directories of stores that keep none */
  async delete(key: TaskKey, directories?: TaskDirectoryStore): Promise<boolean> {
    let wasThere = false;
    for (const store of this.writable('delete'))
      wasThere = (await store.delete(key, store.directories ?? directories)) || wasThere;
    return wasThere;
  }

  /** Deletes all checkpoints of a task in all stores that may be changed. Returns their keys, each once. */
  async deleteTask(folder: string, directories?: TaskDirectoryStore): Promise<readonly TaskKey[]> {
    const deleted = new Set<TaskKey>();
    for (const store of this.writable('delete'))
      for (const key of await store.deleteTask(folder, store.directories ?? directories)) deleted.add(key);
    return [...deleted];
  }

  /**
   * Marks a result, or all results of a task, as cleared in every store that may be changed: a run that reads through
   * this stack takes them for cleared in the other stores as well.
   *
   * @param name the part of its key after the task
   * @throws {StorageError} when all stores are read-only
   */
  async mark(folder: string, name?: string): Promise<void> {
    const clear = newMarkId();
    for (const [i, { marks }] of this.writable('write').entries()) {
      if (name === undefined) await marks.addOnAll(folder, markForStore(clear, i));
      else await marks.add(folder, name, markForStore(clear, i));
    }
  }

  /** The places where task directories may be. @param directories of stores that keep none */
  directoryStores(directories: TaskDirectoryStore | undefined): readonly TaskDirectoryStore[] {
    return [...this.all.map((store) => store.directories), directories].filter((home) => home !== undefined);
  }

  /** The places where task directories may be deleted. @param directories of stores that keep none */
  writableDirectoryStores(directories: TaskDirectoryStore | undefined): readonly TaskDirectoryStore[] {
    const homes = this.all.map((store) => (store.isReadonly ? undefined : store.directories));
    return [...homes, directories].filter((home) => home !== undefined);
  }

  async #saveInAll({ fields, forms, encoder, stale, lease }: StackSaveRequest, stamp: SaveStamp): Promise<number> {
    const save = async (store: CheckpointStore, by?: Lease) => {
      const request = { value: formFor(store, forms, encoder), encoder, replaces: staleIn(store, stale), stamp };
      return store.save({ ...request, fields: await this.#withMarks(store, fields), lease: by });
    };
    const leased = lease && this.#leaseStore;
    const size = leased ? await save(leased, lease) : 0;
    const sizes = await Promise.all(this.writes.filter((store) => store !== leased).map((store) => save(store)));
    return sizes.reduce((sum, each) => sum + each, size);
  }

  /** The fields of a record as one store gets them: with the epochs of that store and of those behind it. */
  #withMarks<F extends RecordFields>(store: CheckpointStore, fields: F): Awaitable<F> {
    const { all } = this;
    if (all.length === 1 && startWithEpochOf(store, fields.marks)) return fields;
    const isWritten = (other: CheckpointStore) => other === store || this.writes.includes(other);
    return andThen(marksForStore(all.slice(all.indexOf(store)), isWritten, fields.marks), (marks) =>
      marks === fields.marks ? fields : { ...fields, marks },
    );
  }

  get #leaseStore(): CheckpointStore | undefined {
    return this.writes.findLast(({ leases }) => leases !== undefined);
  }

  /** The serializations of the stores that are written, each once; of those that are read, if none is written. */
  #serializations(ofTask: Encoder | undefined): readonly Serialization[] {
    const stores = this.writes.length > 0 ? this.writes : this.reads.map(({ store }) => store);
    if (stores.length === 1) return [stores[0]!.encoderFor(ofTask).serialization];
    return [...new Set(stores.map((store) => store.encoderFor(ofTask).serialization))];
  }
}

async function encodeAll(value: unknown, serializations: readonly Serialization[]): Promise<EncodedForms> {
  const forms: [Serialization, SerializedValue][] = [];
  for (const one of serializations) forms.push([one, await serializeResult(value, one)]);
  return { digest: forms[0]![1].digest, bySerialization: forms };
}

function formFor(
  store: CheckpointStore,
  { bySerialization }: EncodedForms,
  ofTask: Encoder | undefined,
): SerializedValue {
  if (bySerialization.length === 1) return bySerialization[0]![1];
  const { serialization } = store.encoderFor(ofTask);
  return bySerialization.find(([one]) => one === serialization)![1];
}

/** Adds the answer of one store to those of the stores before it. */
function judge(
  { whyStale }: FindRequest,
  from: ReadStore,
  checkpoint: StoredCheckpoint | undefined,
  seen: Lookup,
): Awaitable<Lookup> {
  if (!checkpoint) return seen;
  const hit: CheckpointHit = { from, checkpoint };
  return andThen(whyStale(hit), (why) =>
    why === undefined ? { ...seen, found: hit } : { ...seen, stale: [...seen.stale, hit], why },
  );
}

function withFailure(seen: Lookup, { store }: ReadStore, error: unknown): Lookup {
  return { ...seen, failures: [...seen.failures, { store, error }], why: unusable };
}

function staleIn(store: CheckpointStore, stale: readonly CheckpointHit[] | undefined): StoredCheckpoint | undefined {
  return stale?.find(({ from }) => from.store === store)?.checkpoint;
}
