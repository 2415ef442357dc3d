import { type Awaitable, andThen } from '../base/awaitable';
import type { Encoder, Serialization } from '../encoding/encoder';
import { cbor } from '../encoding/serialization/serializers';
import type { TaskKey } from '../task/context';
import type { CheckpointStore, RecordFields } from './checkpoint-store';
import { decodeWithDirectories } from './directories/encode-directory';
import type { TaskDirectoryStore } from './directories/task-directory-store';
import { readonlyError } from './errors';
import type { StoredCheckpoint } from './format/stored-checkpoint';
import type { Lease, Leases } from './leases/lease';
import { clearMarksIn, epochsIn, marksForStore, startWithEpochOf } from './marks/epochs';
import { markForStore, newMarkId } from './marks/mark-log';
import { type EncodedForms, encodeResult, type SerializedValue } from './result-codec';
import { newSaveStamp } from './write-checkpoint';

/** A layer that is read, and those that get a copy of what is loaded from it. */
export interface ReadStore {
  readonly store: CheckpointStore;
  readonly promoteTo: readonly CheckpointStore[];
}

/** A checkpoint as it was found. */
export interface CheckpointHit {
  readonly from: ReadStore;
  readonly checkpoint: StoredCheckpoint;
}

/** Where a run looks for checkpoints, in this order, and where it writes them: to all of these. */
export class StorageStack {
  readonly reads: readonly ReadStore[];
  readonly writes: readonly CheckpointStore[];
  /** What is read or written, each once. */
  readonly all: readonly CheckpointStore[];

  constructor(reads: readonly ReadStore[], writes: readonly CheckpointStore[]) {
    this.reads = reads;
    this.writes = writes;
    this.all = [...new Set([...reads.map(({ store }) => store), ...writes])];
  }

  get location(): string {
    return this.all.map(({ location }) => location).join(', then ');
  }

  /** Who computes which key: of the last storage that is written and can tell, since that is the one which most share. */
  get leases(): Leases | undefined {
    return this.#leased?.leases;
  }

  /** The layers that may be changed, each once. @throws {StorageError} when there is none, since all are read-only */
  writable(operation: 'write' | 'delete'): readonly CheckpointStore[] {
    const layers = this.all.filter(({ isReadonly }) => !isReadonly);
    if (layers.length > 0 || this.reads.length === 0) return layers;
    throw readonlyError(this.location, operation);
  }

  /**
   * Marks a result, or all of a task, as forgotten in every layer that is not read-only: who reads through these layers
   * takes it for forgotten in the others as well.
   *
   * @param name the part of its key after the task
   * @throws {StorageError} when all are read-only
   */
  async mark(folder: string, name?: string): Promise<void> {
    const clear = newMarkId();
    for (const [i, { marks }] of this.writable('write').entries()) {
      if (name === undefined) await marks.addOnAll(folder, markForStore(clear, i));
      else await marks.add(folder, name, markForStore(clear, i));
    }
  }

  /** The value of a checkpoint that was found. @param directories where those are that layers do not keep @throws what `find` throws */
  load(
    layer: CheckpointStore,
    entry: StoredCheckpoint,
    ofTask: Encoder | undefined,
    directories?: TaskDirectoryStore,
  ): Awaitable<unknown> {
    if (entry.directories.length === 0) return layer.load(entry, ofTask);
    const homes = this.directoryStores(directories);
    const placeOf = (name: string) =>
      (homes.find((home) => home.has(name)) ?? homes.find((home) => home.isInside(name)))?.pathOf(name);
    return decodeWithDirectories(placeOf, () => layer.load(entry, ofTask));
  }

  /** Where task directories may be. @param directories where those are that layers do not keep */
  directoryStores(directories: TaskDirectoryStore | undefined): readonly TaskDirectoryStore[] {
    return [...this.all.map((layer) => layer.directories), directories].filter((home) => home !== undefined);
  }

  /** Where they may be deleted. @param directories where those are that layers do not keep */
  writableDirectoryStores(directories: TaskDirectoryStore | undefined): readonly TaskDirectoryStore[] {
    const homes = this.all.map((layer) => (layer.isReadonly ? undefined : layer.directories));
    return [...homes, directories].filter((home) => home !== undefined);
  }

  /** A result as bytes, with its digest, in each form in which it is to be written. */
  encode(value: unknown, ofTask: Encoder | undefined): Awaitable<EncodedForms> {
    return encodeResult(value, this.#serializations(ofTask));
  }

  /** Whether `encode` reads all of a value before it returns: serializers of others may take their time. */
  encodesSynchronously(ofTask: Encoder | undefined): boolean {
    return this.#serializations(ofTask).every((one) => one === cbor);
  }

  /** A result that was encoded elsewhere, when that is how it is to be written. */
  reuseEncoded(encoding: SerializedValue, ofTask: Encoder | undefined): EncodedForms | undefined {
    const wanted = this.#serializations(ofTask);
    if (!wanted.every(({ id }) => id === encoding.serializer)) return undefined;
    return { digest: encoding.digest, bySerialization: wanted.map((one) => [one, encoding]) };
  }

  /**
   * Writes a checkpoint.
   *
   * @param before what is there and counts no more
   * @param lease of `leases`: the result is written by it first, and nowhere when it was lost
   * @returns how many bytes are kept, in all layers
   * @throws {LeaseLostError}
   */
  save(
    facts: RecordFields,
    encoded: EncodedForms,
    ofTask: Encoder | undefined,
    before: readonly CheckpointHit[] | undefined,
    lease?: Lease,
  ): Awaitable<number> {
    // One time for all, so that the records of one result are alike.
    const saved = newSaveStamp();
    const write = (layer: CheckpointStore, by?: Lease) =>
      andThen(this.#marked(layer, facts), (marked) =>
        layer.save(marked, encodingFor(layer, encoded, ofTask), ofTask, beforeIn(layer, before), saved, by),
      );
    if (this.writes.length === 1) return write(this.writes[0]!, lease);
    const leased = lease && this.#leased;
    const others = this.writes.filter((layer) => layer !== leased);
    return andThen(leased && write(leased, lease), async (size = 0) => {
      const sizes = await Promise.all(others.map((layer) => write(layer)));
      return sizes.reduce((sum, each) => sum + each, size);
    });
  }

  /**
   * Copies what was read from one layer to those before it.
   *
   * @param before what is there and counts no more
   * @param epochs of the layers, as a run has seen them at its start
   */
  async promote(
    { from, checkpoint }: CheckpointHit,
    encoding: SerializedValue,
    ofTask: Encoder | undefined,
    before: readonly CheckpointHit[] | undefined,
    epochs: readonly string[] = epochsIn(checkpoint.marks),
  ): Promise<void> {
    const record = { ...checkpoint.toRecord(), marks: [...epochs, ...clearMarksIn(checkpoint.marks)] };
    for (const layer of from.promoteTo)
      await layer.save(await this.#marked(layer, record), encoding, ofTask, beforeIn(layer, before), record);
  }

  /** Deletes all results of a task, in all layers that are not read-only. Gives their keys, each once. @param directories for layers without */
  async deleteTask(folder: string, directories?: TaskDirectoryStore): Promise<readonly TaskKey[]> {
    const deleted = new Set<TaskKey>();
    for (const layer of this.writable('delete'))
      for (const key of await layer.deleteTask(folder, layer.directories ?? directories)) deleted.add(key);
    return [...deleted];
  }

  /** Deletes a result, in all layers that are not read-only. Gives whether there was one. @param directories for layers without */
  async delete(key: TaskKey, directories?: TaskDirectoryStore): Promise<boolean> {
    let wasThere = false;
    for (const layer of this.writable('delete'))
      wasThere = (await layer.delete(key, layer.directories ?? directories)) || wasThere;
    return wasThere;
  }

  /** What a record says in one layer. */
  #marked<F extends RecordFields>(layer: CheckpointStore, facts: F): Awaitable<F> {
    const { all } = this;
    if (all.length === 1 && startWithEpochOf(layer, facts.marks)) return facts;
    const isWritten = (other: CheckpointStore) => other === layer || this.writes.includes(other);
    return andThen(marksForStore(all.slice(all.indexOf(layer)), isWritten, facts.marks), (marks) =>
      marks === facts.marks ? facts : { ...facts, marks },
    );
  }

  get #leased(): CheckpointStore | undefined {
    return this.writes.findLast(({ leases }) => leases !== undefined);
  }

  /** Those of the layers that are written, each once; without any, a result still has to have its digest. */
  #serializations(ofTask: Encoder | undefined): readonly Serialization[] {
    const layers = this.writes.length > 0 ? this.writes : this.reads.map(({ store }) => store);
    if (layers.length === 1) return [layers[0]!.encoderFor(ofTask).serialization];
    return [...new Set(layers.map((layer) => layer.encoderFor(ofTask).serialization))];
  }
}

function encodingFor(
  layer: CheckpointStore,
  { bySerialization }: EncodedForms,
  ofTask: Encoder | undefined,
): SerializedValue {
  if (bySerialization.length === 1) return bySerialization[0]![1];
  const { serialization } = layer.encoderFor(ofTask);
  return bySerialization.find(([one]) => one === serialization)![1];
}

function beforeIn(layer: CheckpointStore, before: readonly CheckpointHit[] | undefined): StoredCheckpoint | undefined {
  return before?.find(({ from }) => from.store === layer)?.checkpoint;
}
