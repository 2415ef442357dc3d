import { setTimeout as wait } from 'node:timers/promises';
import { type Awaitable, andThen } from '../awaitable';
import { defaultEncoder } from '../encoding/default-encoder';
import type { Bytes, Encoder } from '../encoding/encoder';
import { combine } from '../encoding/packing';
import type { TaskKey } from '../task/context';
import { DamagedCheckpointError, GoneCheckpointError, UnreadableCheckpointError } from './checkpoint-error';
import { besideKey, CheckpointWriter, type RunFacts, savedNow } from './checkpoint-writer';
import { decode, plainBytesOf, reveal } from './decode';
import { DigestOfParts } from './digest';
import { DirectoryFolder, isDirectoryOf } from './directories/directory-folder';
import type { Encoding } from './encode';
import { Entries, groupsOf } from './entries';
import type { Entry } from './entry';
import { decodeEntry, isEntry } from './entry-format';
import { isOwnKey, isRecordKey } from './key-forms';
import type { Lease } from './lease/lease';
import type { StoreLeases } from './lease/store-leases';
import type { CheckpointRecord } from './record';
import type { LeaseOptions, StorageOptions } from './storage-options';
import type { StoreAdapter } from './store';

export type { RunFacts } from './checkpoint-writer';
export type { LeaseOptions, StorageOptions } from './storage-options';

const marksFolder = '@cleared/';
const damagedFolder = '@damaged/';
/** How often large bytes are looked for before they count as lost. */
const looksForBytes = 3;

/** Checkpoints in one store. */
export class Layer {
  readonly encoder: Encoder | undefined;
  /** Where task directories are kept next to entries, in stores that can hold them. */
  readonly directories: DirectoryFolder | undefined;
  readonly #entries: Entries;
  readonly #writer: CheckpointWriter;
  readonly #store: StoreAdapter;
  readonly #leaseOptions: LeaseOptions | undefined;
  #leases: StoreLeases | undefined;

  constructor(store: StoreAdapter, location: string, options: StorageOptions) {
    this.#entries = new Entries(store, location);
    this.encoder = options.encoder;
    this.directories = store.folder === undefined ? undefined : new DirectoryFolder(store.folder);
    this.#writer = new CheckpointWriter(this.#entries, options);
    this.#store = store;
    this.#leaseOptions = options.lease;
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
    const { StoreLeases } = require('./lease/store-leases') as typeof import('./lease/store-leases');
    return (this.#leases = new StoreLeases(board, this.#entries, this.#leaseOptions));
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
   */
  find(key: TaskKey, ofTask: Encoder | undefined): Awaitable<Entry | undefined> {
    return andThen(this.#entries.readSmall(key), (bytes) => {
      if (bytes === undefined) return undefined;
      const read = decodeEntry(bytes, key);
      if (read.state === 'damaged') throw new DamagedCheckpointError(key, read.problem);
      if (read.state === 'unreadable') throw new UnreadableCheckpointError(key, read.problem);
      return read.entry.encrypter === undefined ? read.entry : reveal(read.entry, this.encoderFor(ofTask));
    });
  }

  /** What a checkpoint that was found holds, as it was serialised; its digest is checked. @throws what `find` throws */
  read(entry: Entry, ofTask: Encoder | undefined): Awaitable<Encoding> {
    const isBeside = entry.bytes === undefined && entry.beside !== undefined;
    const digest = isBeside && isAsItWas(entry) ? new DigestOfParts() : undefined;
    const kept = isBeside ? this.#entries.read(besideKey(entry), digest?.add) : entry.bytes;
    return andThen(kept, (bytes) => {
      return bytes === undefined ? this.#readAnew(entry, ofTask) : this.#encodingOf(entry, bytes, ofTask, digest);
    });
  }

  /** The value of a checkpoint that was found. @throws what `find` throws */
  load(entry: Entry, ofTask: Encoder | undefined): Awaitable<unknown> {
    return andThen(this.read(entry, ofTask), (encoding) => decode(entry, encoding, this.encoderFor(ofTask)));
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

  async has(key: TaskKey): Promise<boolean> {
    return this.#entries.has(key);
  }

  /** The task directories that a key's record names; undefined when it cannot be read. */
  async directoriesOf(key: TaskKey): Promise<readonly string[] | undefined> {
    const bytes = await this.#entries.readSmall(key);
    const read = bytes && decodeEntry(bytes, key);
    if (read && read.state !== 'whole') return undefined;
    return read?.entry.directories ?? [];
  }

  /** Gives whether there was one. @param directories where its task directories are */
  async delete(key: TaskKey, directories = this.directories): Promise<boolean> {
    const bytes = await this.#entries.read(key);
    if (bytes === undefined) return false;
    await this.#entries.delete(key);
    const read = decodeEntry(bytes, key);
    if (read.state !== 'whole') return true;
    if (read.entry.beside !== undefined) await this.#entries.delete(besideKey(read.entry));
    await directories?.remove(read.entry.directories.filter((name) => isDirectoryOf(key, name)));
    return true;
  }

  /** Puts a damaged checkpoint out of the way, where it can be looked at. */
  async setAside(key: TaskKey): Promise<void> {
    const bytes = await this.#entries.read(key);
    // Another process that found it damaged may have replaced it by now.
    if (bytes === undefined || (await this.#isWhole(key))) return;
    await this.#entries.write(damagedFolder + key, bytes, false);
    await this.#entries.delete(key);
  }

  /** Whether a checkpoint is what was saved, as far as that can be told without the encoder of its task. */
  async #isWhole(key: TaskKey): Promise<boolean> {
    try {
      const entry = await this.find(key, undefined);
      return entry !== undefined && (await this.read(entry, undefined)) !== undefined;
    } catch {
      return false;
    }
  }

  /** The records that can be read, in no particular order. @param folder of one task; without it, of all */
  async *list(folder: string | undefined): AsyncIterableIterator<CheckpointRecord> {
    const prefix = folder === undefined ? '' : `${folder}/`;
    for await (const [key, bytes] of this.#entries.entries(prefix, isRecordKey)) {
      const read = decodeEntry(bytes, key);
      if (read.state !== 'whole') continue;
      const { entry } = read;
      if (entry.encrypter === undefined) yield entry.toRecord();
      else yield (await this.#revealIfPossible(entry)).toRecord();
    }
  }

  /** The keys of a task's saved results. */
  async *#keysOf(folder: string): AsyncIterableIterator<TaskKey> {
    for await (const key of this.#entries.keys(`${folder}/`)) if (isRecordKey(key)) yield key as TaskKey;
  }

  /** The log of clear marks on a task's results. */
  marks(folder: string): Awaitable<Bytes | undefined> {
    return this.#entries.readSmall(marksFolder + folder);
  }

  /** Adds a clear mark to that log. */
  mark(folder: string, mark: Bytes): Promise<void> {
    return this.#entries.append(marksFolder + folder, mark);
  }

  /** Deletes all that Tidemark keeps here; a `Map` or a store may hold other things, which stay. */
  async clear(): Promise<void> {
    for await (const keys of groupsOf(this.#entries.keys('')))
      await Promise.all(keys.map(async (key) => (await this.#isOurs(key)) && this.#entries.delete(key)));
    await this.leases?.clear();
    await this.directories?.clear();
  }

  /** Deletes all results of a task. Gives their keys. @param directories where its task directories are */
  async clearTask(folder: string, directories = this.directories): Promise<readonly TaskKey[]> {
    const deleted: TaskKey[] = [];
    for await (const keys of groupsOf(this.#keysOf(folder))) {
      const were = await Promise.all(keys.map((key) => this.delete(key, directories)));
      deleted.push(...keys.filter((_, i) => were[i]));
    }
    await directories?.sweep(folder, async () => []);
    return deleted;
  }

  async close(): Promise<void> {
    await this.#leases?.close();
    await this.#entries.close();
  }

  #encodingOf(entry: Entry, bytes: Bytes, ofTask: Encoder | undefined, digest?: DigestOfParts): Awaitable<Encoding> {
    return andThen(plainBytesOf(entry, bytes, this.encoderFor(ofTask), digest), (plain) => ({
      serializer: entry.serializer,
      format: entry.format,
      bytes: plain,
      digest: entry.digest,
      isView: plain === bytes && !this.#entries.copies,
    }));
  }

  /** Reads a checkpoint whose bytes were let go to save memory, or are gone: what is there now may be newer. */
  async #readAnew(before: Entry, ofTask: Encoder | undefined): Promise<Encoding> {
    const { key } = before;
    for (let looks = 1; ; looks++) {
      const now = await this.find(key, ofTask);
      if (now === undefined) throw new GoneCheckpointError(key);
      if (now.beside === undefined || now.beside !== before.beside) return this.read(now, ofTask);
      const bytes = await this.#entries.read(besideKey(now));
      if (bytes !== undefined) return this.#encodingOf(now, bytes, ofTask);
      if (looks === looksForBytes) throw new DamagedCheckpointError(key, 'its bytes are not there');
      // Other processes may be replacing both just now.
      await wait(10);
    }
  }

  async #revealIfPossible(entry: Entry): Promise<Entry> {
    try {
      return await reveal(entry, this.encoderFor(undefined));
    } catch {
      // Its key is not here: what is not encrypted can be listed all the same.
      return entry;
    }
  }

  /** Whether an entry was written here: by its name, or by its beginning where `key` of a task made the name. */
  async #isOurs(key: string): Promise<boolean> {
    return isOwnKey(key) || (isRecordKey(key) && (await this.#entries.holdsBytes(key, isEntry)));
  }
}

/** Whether the bytes that are kept are those of the serialised result, neither compressed nor encrypted. */
function isAsItWas({ compressor, encrypter }: Entry): boolean {
  return compressor === undefined && encrypter === undefined;
}
