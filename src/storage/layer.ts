import type { Awaitable } from '../awaitable';
import { combine } from '../encoding/combine';
import { defaultEncoder } from '../encoding/default-encoder';
import type { Bytes, Encoder } from '../encoding/encoder';
import type { TaskKey } from '../task/context';
import { CheckpointReader } from './checkpoint-reader';
import { besideKey, CheckpointWriter, type RunFacts, savedNow } from './checkpoint-writer';
import { directoriesOfStore } from './directories/directories-of-store';
import type { DirectoryFolder } from './directories/directory-folder';
import type { Encoding } from './encode';
import { Entries, groupsOf, NotBytesError } from './entries';
import type { Entry } from './entry';
import { decodeEntry, isEntry } from './entry-format';
import { isOwnKey, isRecordKey } from './key-forms';
import type { Lease } from './lease/lease';
import type { StoreLeases } from './lease/store-leases';
import { listRecords, type OnUnreadable } from './list-records';
import { placeOf } from './marks/epochs';
import { newId } from './marks/mark-log';
import { MarkStore } from './marks/mark-store';
import { besideNamesIn, directoriesIn } from './named-by-entry';
import type { CheckpointRecord } from './record';
import type { StorageOptions } from './storage-options';
import type { StoreAdapter } from './store';
import { UnnamedBytes } from './unnamed-bytes';

export type { RunFacts } from './checkpoint-writer';
export type { LeaseOptions, StorageOptions } from './storage-options';

const damagedFolder = '@damaged/';

/** Checkpoints in one store. */
export class Layer {
  readonly encoder: Encoder | undefined;
  /** Whether nothing is written or deleted here. */
  readonly isReadonly: boolean;
  /** Where task directories are kept next to entries, in stores that can hold them. */
  readonly directories: DirectoryFolder | undefined;
  /** The clear marks that are kept here. */
  readonly marks: MarkStore;
  /** Tells stores apart: the same for one that is opened again by its address. */
  readonly place: string;
  readonly #entries: Entries;
  readonly #reader: CheckpointReader;
  readonly #writer: CheckpointWriter;
  readonly #unnamed: UnnamedBytes;
  readonly #store: StoreAdapter;
  readonly #options: StorageOptions;
  #leases: StoreLeases | undefined;

  /** @param place tells stores apart: the same for one that is opened again by its address */
  constructor(store: StoreAdapter, location: string, options: StorageOptions, place = placeOf(newId())) {
    this.isReadonly = options.readonly === true;
    this.#entries = new Entries(store, location, this.isReadonly);
    this.marks = new MarkStore(this.#entries);
    this.place = place;
    this.encoder = options.encoder;
    this.directories = directoriesOfStore(store);
    this.#reader = new CheckpointReader(this.#entries, (ofTask) => this.encoderFor(ofTask), options);
    this.#unnamed = new UnnamedBytes(this.#entries);
    this.#writer = new CheckpointWriter(this.#entries, this.#unnamed, options);
    this.#store = store;
    this.#options = options;
  }

  /** The same, without anything being written or deleted. */
  asReadonly(): Layer {
    return this.isReadonly
      ? this
      : new Layer(this.#store, this.location, { ...this.#options, readonly: true }, this.place);
  }

  /** What was opened, for messages. */
  get location(): string {
    return this.#entries.location;
  }

  /** Who computes which key; undefined in stores that cannot tell. */
  get leases(): StoreLeases | undefined {
    if (this.#leases) return this.#leases;
    const board = this.#store.leases;
    if (!board) return undefined;
    // Few programs need them.
    const { StoreLeases: Leases } = require('./lease/store-leases') as typeof import('./lease/store-leases');
    return (this.#leases = new Leases(board, this.#entries, this.#options.lease));
  }

  /** What encodes a task's results here. */
  encoderFor(ofTask: Encoder | undefined): Encoder {
    return ofTask === undefined && this.encoder === undefined ? defaultEncoder : combine(ofTask, this.encoder);
  }

  /**
   * The checkpoint of a key.
   *
   * @throws {StorageError} when the store cannot be read
   * @throws {DamagedCheckpointError} when it is not what was saved
   * @throws {UnreadableCheckpointError} when it needs something that is not here
   * @throws {UnencryptedCheckpointError} when it is not encrypted and has to be
   */
  find(key: TaskKey, ofTask: Encoder | undefined): Awaitable<Entry | undefined> {
    return this.#reader.find(key, ofTask);
  }

  /** What a checkpoint that was found holds, as it was serialised. @throws what `find` throws */
  read(entry: Entry, ofTask: Encoder | undefined): Awaitable<Encoding> {
    return this.#reader.read(entry, ofTask);
  }

  /** The value of a checkpoint that was found. @throws what `find` throws */
  load(entry: Entry, ofTask: Encoder | undefined): Awaitable<unknown> {
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
    facts: RunFacts,
    encoding: Encoding,
    ofTask: Encoder | undefined,
    before: Entry | undefined,
    saved = savedNow(),
    lease?: Lease,
  ): Awaitable<number> {
    return this.#writer.write({ facts, encoding, encoder: this.encoderFor(ofTask), before, saved, lease });
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

  async #delete(key: TaskKey, directories: DirectoryFolder | undefined): Promise<boolean> {
    this.refresh();
    const bytes = await this.#bytesToDelete(key);
    if (bytes === undefined) return false;
    await this.#entries.delete(key);
    const read = decodeEntry(bytes, key);
    if (read.state !== 'whole') return true;
    if (read.entry.beside !== undefined) await this.#entries.delete(besideKey(read.entry));
    await directories?.removeOf(key, directoriesIn(read.entry) ?? []);
    return true;
  }

  /** The bytes under a key; undefined for a foreign value in a shared store. */
  async #bytesToDelete(key: TaskKey): Promise<Bytes | undefined> {
    try {
      return await this.#entries.read(key);
    } catch (error) {
      if (!(error instanceof NotBytesError)) throw error;
      return isOwnKey(key) ? new Uint8Array() : undefined;
    }
  }

  /** Puts a damaged checkpoint out of the way, where it can be looked at. Gives whether there was one. */
  async setAside(key: TaskKey): Promise<boolean> {
    this.refresh();
    const bytes = await this.#entries.read(key);
    // Another process that found it damaged may have replaced it by now.
    if (bytes === undefined || !(await this.#reader.isDamaged(key))) return false;
    await this.#entries.write(damagedFolder + key, bytes, false);
    const now = await this.#entries.read(key);
    if (!now || Buffer.compare(now, bytes) !== 0) return true;
    await this.#entries.delete(key);
    // Large bytes that only this record named, as far as that can still be read.
    for (const beside of besideNamesIn(bytes)) await this.#entries.delete(besideKey({ key, beside }));
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
      for await (const keys of groupsOf(this.#entries.keys('')))
        await Promise.all(keys.map(async (key) => (await this.#isOurs(key)) && this.#entries.delete(key)));
    } catch (error) {
      if (!(await this.#entries.removeUnusable(error))) throw error;
    }
    await this.leases?.clear();
    await this.directories?.clear();
  }

  /** Deletes all results of a task. Gives their keys. @param directories where its task directories are */
  async clearTask(folder: string, directories = this.directories): Promise<readonly TaskKey[]> {
    const deleted: TaskKey[] = [];
    for await (const keys of groupsOf(this.#keysOf(folder))) {
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
    return isOwnKey(key) || (isRecordKey(key) && (await this.#entries.holdsBytes(key, isEntry)));
  }
}
