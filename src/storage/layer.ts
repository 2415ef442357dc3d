import { hash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type Awaitable, andThen } from '../awaitable';
import { defaultEncoder } from '../encoding/default-encoder';
import type { Bytes, Encoder } from '../encoding/encoder';
import { combine, type Packing, pack } from '../encoding/packing';
import type { TaskKey } from '../task/context';
import { DamagedCheckpointError, GoneCheckpointError, UnreadableCheckpointError } from './checkpoint-error';
import { decode, plainBytesOf, reveal, seal } from './decode';
import { DirectoryFolder, isDirectoryOf } from './directories/directory-folder';
import type { Encoding } from './encode';
import { Entries, groupsOf } from './entries';
import { decodeEntry, type Entry, encodeEntry, isEntry } from './entry';
import { isOwnKey, isRecordKey } from './key-forms';
import type { CheckpointRecord } from './record';
import type { StoreAdapter } from './store';

/** How a storage keeps results. */
export interface StorageOptions {
  /**
   * How results become bytes, unless their task says otherwise. What is encrypted here is encrypted whatever the
   * task says.
   */
  readonly encoder?: Encoder;
  /**
   * Which results are flushed to the disk before they count as saved: those that took 20 ms or more to
   * compute, all or none. One that was not and is torn by a power cut is noticed and computed again.
   *
   * @default 'worth-it'
   */
  readonly fsync?: 'worth-it' | 'always' | 'never';
  /** Results up to this many bytes are kept in one entry with their record. @default 32768 */
  readonly inlineBytes?: number;
}

/** What a record says that only the run knows. */
export type RunFacts = Pick<
  CheckpointRecord,
  'key' | 'task' | 'version' | 'params' | 'source' | 'requires' | 'marks' | 'dynamic' | 'seconds'
> & { readonly refs?: string | undefined; readonly directories?: readonly string[] | undefined };

/** A result that took this long or longer is worth an fsync. In seconds. */
const worthIt = 0.02;
const savedBy = `${hostname()}/${process.pid}`;
const marksFolder = '@cleared/';
const damagedFolder = '@damaged/';

/** Checkpoints in one store. */
export class Layer {
  readonly encoder: Encoder | undefined;
  /** Where task directories are kept next to entries, in stores that can hold them. */
  readonly directories: DirectoryFolder | undefined;
  readonly #entries: Entries;
  readonly #fsync: NonNullable<StorageOptions['fsync']>;
  readonly #inlineBytes: number;

  constructor(store: StoreAdapter, location: string, options: StorageOptions) {
    this.#entries = new Entries(store, location);
    this.encoder = options.encoder;
    this.directories = store.folder === undefined ? undefined : new DirectoryFolder(store.folder);
    this.#fsync = options.fsync ?? 'worth-it';
    this.#inlineBytes = options.inlineBytes ?? 32_768;
  }

  /** What was opened, for messages. */
  get location(): string {
    return this.#entries.location;
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
    const kept = entry.bytes ?? (entry.beside === undefined ? undefined : this.#entries.read(besideKey(entry)));
    return andThen(kept, (bytes) => {
      if (bytes === undefined) return this.#readAnew(entry, ofTask);
      const encoder = this.encoderFor(ofTask);
      return andThen(plainBytesOf(entry, bytes, encoder), (plain) => ({
        serializer: entry.serializer,
        format: entry.format,
        bytes: plain,
        digest: entry.digest,
        isView: plain === bytes && !this.#entries.copies,
      }));
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
   * @returns how many bytes are kept
   */
  save(
    facts: RunFacts,
    encoding: Encoding,
    ofTask: Encoder | undefined,
    before: Entry | undefined,
    saved: Pick<CheckpointRecord, 'savedAt' | 'savedBy'> = { savedAt: new Date(), savedBy },
  ): Awaitable<number> {
    const encoder = this.encoderFor(ofTask);
    const { key } = facts;
    return andThen(packed(encoding, encoder, key), ({ bytes, packing }) => {
      const isOurs = bytes !== encoding.bytes || !encoding.isView || this.#entries.copies;
      const kept = isOurs ? bytes : bytes.slice();
      const isBeside = kept.byteLength > this.#inlineBytes;
      // Written out: spreading `facts` costs more than all the rest of this.
      const record: CheckpointRecord = {
        key,
        task: facts.task,
        version: facts.version,
        params: facts.params,
        source: facts.source,
        requires: facts.requires,
        marks: facts.marks,
        dynamic: facts.dynamic,
        refs: facts.refs,
        serializer: encoding.serializer,
        format: encoding.format,
        compressor: packing.compressor,
        encrypter: packing.encrypter,
        keyId: packing.keyId,
        digest: encoding.digest,
        size: kept.byteLength,
        plainSize: encoding.bytes.byteLength,
        beside: isBeside ? besideName(encoding.digest, packing, kept.byteLength) : undefined,
        directories: facts.directories,
        seconds: facts.seconds,
        savedAt: saved.savedAt,
        savedBy: saved.savedBy,
      };
      const durable = this.#fsync === 'always' || (this.#fsync === 'worth-it' && facts.seconds >= worthIt);
      if (packing.encrypter === undefined) return this.#write(record, kept, undefined, before, durable);
      return andThen(seal(record, encoder), (sealed) => this.#write(record, kept, sealed, before, durable));
    });
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

  close(): Promise<void> {
    return this.#entries.close();
  }

  #write(
    record: CheckpointRecord,
    bytes: Bytes,
    sealed: string | undefined,
    before: Entry | undefined,
    durable: boolean,
  ): Awaitable<number> {
    const { key, size } = record;
    const isBeside = record.beside !== undefined;
    const entry = encodeEntry(record, isBeside ? undefined : bytes, sealed);
    const write = () => andThen(this.#entries.writeSmall(key, entry, durable), () => size);
    // Most are small and new: one write, and nothing to wait for.
    if (!isBeside && !before) return write();
    const besideWritten = isBeside ? this.#entries.write(besideKey(record), bytes, durable) : undefined;
    return andThen(besideWritten, () => andThen(before && this.#discard(before, record), write));
  }

  /** Deletes a stale checkpoint before another takes its place: replacing a file costs a hundred times a new one. */
  #discard(before: Entry, record: CheckpointRecord): Awaitable<unknown> {
    const keepsBytes = before.beside === undefined || before.beside === record.beside;
    return andThen(this.#entries.delete(record.key), () => keepsBytes || this.#entries.delete(besideKey(before)));
  }

  /** Reads a checkpoint whose bytes were let go to save memory, or are gone: what is there now may be newer. */
  #readAnew(before: Entry, ofTask: Encoder | undefined): Awaitable<Encoding> {
    const { key } = before;
    return andThen(this.find(key, ofTask), (now) => {
      if (now === undefined) throw new GoneCheckpointError(key);
      if (now.beside !== undefined && now.beside === before.beside)
        throw new DamagedCheckpointError(key, 'its bytes are not there');
      return this.read(now, ofTask);
    });
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

/** Compressed, unless that was done already, and encrypted. */
function packed({ bytes, compressed }: Encoding, encoder: Encoder, key: TaskKey): ReturnType<typeof pack> {
  const { compression } = encoder;
  if (compressed === undefined || !compression || (compressed && compressed.compressor !== compression.id))
    return pack(bytes, encoder, key);
  return andThen(pack(compressed?.bytes ?? bytes, { ...encoder, compression: null }, key), ({ bytes, packing }) => ({
    bytes,
    packing: { ...packing, compressor: compressed?.compressor },
  }));
}

/** The key of bytes that are an entry of their own. */
function besideKey({ key, beside }: Pick<CheckpointRecord, 'key' | 'beside'>): string {
  return `${key}.${beside}`;
}

/**
 * Names large bytes so that a record never finds those of another: by their digest and what was done to them, or by
 * chance, where the digest is to stay secret.
 */
function besideName(digest: string, { compressor, encrypter }: Packing, size: number): string {
  if (encrypter !== undefined) return randomBytes(16).toString('hex');
  return (compressor === undefined ? digest : hash('sha256', `${digest} ${compressor} ${size}`, 'hex')).slice(0, 32);
}
