import type { Awaitable } from '../base/awaitable';
import type { Bytes, Encoder } from '../encoding/encoder';
import { combineEncoders, defaultEncoder } from '../encoding/make-encoder';
import type { TaskKey } from '../task/context';
import type { TaskDirectoryStore } from './directories/task-directory-store';
import { blobNamesIn, decodeEntry, directoriesIn, isEntry } from './format/entry-format';
import { isRecordKey, isTidemarkKey } from './format/keys';
import type { CheckpointRecord } from './format/record';
import type { StoredCheckpoint } from './format/stored-checkpoint';
import type { Lease } from './leases/lease';
import type { LeaseManager } from './leases/lease-manager';
import { listRecords, type OnUnreadable } from './list-records';
import { placeIdOf } from './marks/epochs';
import { newMarkId } from './marks/mark-log';
import { MarkStore } from './marks/mark-store';
import type { StorageOptions } from './options';
import { CheckpointReader } from './read-checkpoint';
import type { SerializedValue } from './result-codec';
import type { StoreAdapter } from './store';
import { chunks, NotBytesError, StoreClient } from './store-client';
import { UnnamedBlobs } from './unnamed-blobs';
import { blobKey, CheckpointWriter, newSaveStamp, type RecordFields } from './write-checkpoint';

/** The task directories that a store has a place for, loaded with the first that has. */
function openDirectoryStore({ folder }: StoreAdapter): TaskDirectoryStore | undefined {
  if (folder === undefined) return undefined;
  const { TaskDirectoryStore: Made } =
    require('./directories/task-directory-store') as typeof import('./directories/task-directory-store');
  return new Made(folder);
}

export type { LeaseOptions, StorageOptions } from './options';
export type { RecordFields } from './write-checkpoint';

const damagedFolder = '@damaged/';

/** Checkpoints in one store. */
export class CheckpointStore {
  readonly encoder: Encoder | undefined;
  /** Whether nothing is written or deleted here. */
  readonly isReadonly: boolean;
  /** Where task directories are kept next to entries, in stores that can hold them. */
  readonly directories: TaskDirectoryStore | undefined;
  /** The clear marks that are kept here. */
  readonly marks: MarkStore;
  /** Tells stores apart: the same for one that is opened again by its address. */
  readonly place: string;
  readonly #entries: StoreClient;
  readonly #reader: CheckpointReader;
  readonly #writer: CheckpointWriter;
  readonly #unnamed: UnnamedBlobs;
  readonly #store: StoreAdapter;
  readonly #options: StorageOptions;
  #leases: LeaseManager | undefined;

  /** @param place tells stores apart: the same for one that is opened again by its address */
  constructor(store: StoreAdapter, location: string, options: StorageOptions, place = placeIdOf(newMarkId())) {
    this.isReadonly = options.readonly === true;
    this.#entries = new StoreClient(store, location, this.isReadonly);
    this.marks = new MarkStore(this.#entries);
    this.place = place;
    this.encoder = options.encoder;
    this.directories = openDirectoryStore(store);
    this.#reader = new CheckpointReader(this.#entries, (ofTask) => this.encoderFor(ofTask), options);
    this.#unnamed = new UnnamedBlobs(this.#entries);
    this.#writer = new CheckpointWriter(this.#entries, this.#unnamed, options);
    this.#store = store;
    this.#options = options;
  }

  /** The same, without anything being written or deleted. */
  asReadonly(): CheckpointStore {
    return this.isReadonly
      ? this
      : new CheckpointStore(this.#store, this.location, { ...this.#options, readonly: true }, this.place);
  }

  /** What was opened, for messages. */
  get location(): string {
    return this.#entries.location;
  }

  /** Who computes which key; undefined in stores that cannot tell. */
  get leases(): LeaseManager | undefined {
    if (this.#leases) return this.#leases;
    const board = this.#store.leases;
    if (!board) return undefined;
    // Few programs need them.
    const { LeaseManager: Leases } = require('./leases/lease-manager') as typeof import('./leases/lease-manager');
    return (this.#leases = new Leases(board, this.#entries, this.#options.lease));
  }

  /** What encodes a task's results here. */
  encoderFor(ofTask: Encoder | undefined): Encoder {
    return ofTask === undefined && this.encoder === undefined ? defaultEncoder : combineEncoders(ofTask, this.encoder);
  }

  /**
   * The checkpoint of a key.
   *
   * @throws {StorageError} when the store cannot be read
   * @throws {DamagedCheckpointError} when it is not what was saved
   * @throws {UnreadableCheckpointError} when it needs something that is not here
   * @throws {UnencryptedCheckpointError} when it is not encrypted and has to be
   */
  find(key: TaskKey, ofTask: Encoder | undefined): Awaitable<StoredCheckpoint | undefined> {
    return this.#reader.find(key, ofTask);
  }

  /** What a checkpoint that was found holds, as it was serialised. @throws what `find` throws */
  read(entry: StoredCheckpoint, ofTask: Encoder | undefined): Awaitable<SerializedValue> {
    return this.#reader.read(entry, ofTask);
  }

  /** The value of a checkpoint that was found. @throws what `find` throws */
  load(entry: StoredCheckpoint, ofTask: Encoder | undefined): Awaitable<unknown> {
    return this.#reader.load(entry, ofTask);
  }

  /**
   * Writes a checkpoint: large bytes first, so that a record never points at what is not there.
   *
   * @param before what is there under the key and counts no more
   * @param saved when and by whom, when that was not now and here
   * @param lease one of `leases`, without which nobody else may write this key
   * @returns how many bytes are kept
   * @throws {LeaseLostError} when somebody else has the lease now: then no record was written
   */
  save(
    facts: RecordFields,
    encoding: SerializedValue,
    ofTask: Encoder | undefined,
    before: StoredCheckpoint | undefined,
    saved = newSaveStamp(),
    lease?: Lease,
  ): Awaitable<number> {
    return this.#writer.write({
      fields: facts,
      value: encoding,
      encoder: this.encoderFor(ofTask),
      before,
      stamp: saved,
      lease,
    });
  }

  /** Lets the reads that follow see all that other processes have written by now. */
  refresh(): void {
    this.#entries.refresh();
  }

  async has(key: TaskKey): Promise<boolean> {
    this.refresh();
    return this.#entries.has(key);
  }

  /** The task directories that a key's record names; undefined when it cannot be read. */
  async directoriesOf(key: TaskKey): Promise<readonly string[] | undefined> {
    const bytes = await this.#entries.readSmall(key);
    const read = bytes && decodeEntry(bytes, key);
    if (read === undefined || read.state === 'outdated') return [];
    return read.state === 'whole' ? directoriesIn(read.entry) : undefined;
  }

  /** Gives whether there was one. @param directories where its task directories are */
  async delete(key: TaskKey, directories = this.directories): Promise<boolean> {
    const wasThere = await this.#delete(key, directories);
    await this.#unnamed.removeOf(key);
    return wasThere;
  }

  async #delete(key: TaskKey, directories: TaskDirectoryStore | undefined): Promise<boolean> {
    this.refresh();
    const bytes = await this.#bytesToDelete(key);
    if (bytes === undefined) return false;
    await this.#entries.delete(key);
    const read = decodeEntry(bytes, key);
    if (read.state !== 'whole') return true;
    if (read.entry.blob !== undefined) await this.#entries.delete(blobKey(read.entry));
    await directories?.removeOf(key, directoriesIn(read.entry) ?? []);
    return true;
  }

  /** The bytes under a key; undefined for a foreign value in a shared store. */
  async #bytesToDelete(key: TaskKey): Promise<Bytes | undefined> {
    try {
      return await this.#entries.read(key);
    } catch (error) {
      if (!(error instanceof NotBytesError)) throw error;
      return isTidemarkKey(key) ? new Uint8Array() : undefined;
    }
  }

  /** Puts a damaged checkpoint out of the way, where it can be looked at. Gives whether there was one. */
  async quarantine(key: TaskKey): Promise<boolean> {
    this.refresh();
    const bytes = await this.#entries.read(key);
    // Another process that found it damaged may have replaced it by now.
    if (bytes === undefined || !(await this.#reader.isDamaged(key))) return false;
    await this.#entries.write(damagedFolder + key, bytes, false);
    const now = await this.#entries.read(key);
    if (!now || Buffer.compare(now, bytes) !== 0) return true;
    await this.#entries.delete(key);
    // Large bytes that only this record named, as far as that can still be read.
    for (const beside of blobNamesIn(bytes)) await this.#entries.delete(blobKey({ key, blob: beside }));
    return true;
  }

  /**
   * The records that can be read, in no particular order.
   *
   * @param folder of one task; without it, of all
   * @param onUnreadable told of those that cannot be read
   */
  list(folder: string | undefined, onUnreadable?: OnUnreadable): AsyncIterableIterator<CheckpointRecord> {
    return listRecords(this.#entries, this.#reader, folder === undefined ? '' : `${folder}/`, onUnreadable);
  }

  /** Large bytes that no record names: their folders and sizes. */
  async *unnamed(): AsyncIterableIterator<{ readonly folder: string; readonly bytes: number }> {
    for await (const key of this.#unnamed.list(undefined)) {
      const bytes = await this.#entries.read(key);
      if (bytes !== undefined) yield { folder: key.slice(0, key.indexOf('/')), bytes: bytes.byteLength };
    }
  }

  /** How many bytes of a disk of this machine are taken; undefined where that is not known. @param folder of one task */
  async diskSize(folder?: string): Promise<number | undefined> {
    return this.#entries.diskSize(folder);
  }

  /** The keys of a task's saved results. */
  async *#keysOf(folder: string): AsyncIterableIterator<TaskKey> {
    for await (const key of this.#entries.keys(`${folder}/`)) if (isRecordKey(key)) yield key as TaskKey;
  }

  /** Deletes all that Tidemark keeps here; a `Map` or a store may hold other things, which stay. */
  async clear(): Promise<void> {
    await this.#entries.removeUnusable();
    try {
      for await (const keys of chunks(this.#entries.keys('')))
        await Promise.all(keys.map(async (key) => (await this.#isOurs(key)) && this.#entries.delete(key)));
    } catch (error) {
      if (!(await this.#entries.removeUnusable(error))) throw error;
    }
    await this.leases?.clear();
    await this.directories?.clear();
  }

  /** Deletes all results of a task. Gives their keys. @param directories where its task directories are */
  async deleteTask(folder: string, directories = this.directories): Promise<readonly TaskKey[]> {
    const deleted: TaskKey[] = [];
    for await (const keys of chunks(this.#keysOf(folder))) {
      const were = await Promise.all(keys.map((key) => this.#delete(key, directories)));
      deleted.push(...keys.filter((_, i) => were[i]));
    }
    await this.#unnamed.removeIn(folder);
    await directories?.sweep(folder, async () => []);
    return deleted;
  }

  async close(): Promise<void> {
    await this.#leases?.close();
    await this.#entries.close();
  }

  /** Whether an entry was written here: by its name, or by its beginning where `key` of a task made the name. */
  async #isOurs(key: string): Promise<boolean> {
    return isTidemarkKey(key) || (isRecordKey(key) && (await this.#entries.holdsBytes(key, isEntry)));
  }
}
