import { hash } from 'node:crypto';
import { hostname } from 'node:os';
import { type Awaitable, andThen, isPromiseLike } from '../awaitable';
import { type Allowed, checkOptions, oneOf } from '../check-options';
import { defaultEncoder } from '../encoding/default-encoder';
import type { Bytes, Encoder } from '../encoding/encoder';
import type { TaskKey } from '../task/context';
import { definitionOf } from '../task/definition';
import { safeName } from '../task/safe-name';
import type { TaskClass } from '../task/task-class';
import { DamagedCheckpointError, UnreadableCheckpointError } from './checkpoint-error';
import { ClearMarks, everything, newMark } from './clear-marks';
import { openStore, type StorageSource } from './open';
import { type CheckpointRecord, decodeEntry, encodeEntry, isEntry } from './record';
import { StorageError, type StorageOperation } from './storage-error';
import type { StoreAdapter } from './store';

/** How a storage keeps results. */
export interface StorageOptions {
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

const storageOptions: Readonly<Record<keyof StorageOptions, Allowed>> = {
  fsync: oneOf('worth-it', 'always', 'never'),
  inlineBytes: { includes: (value) => value >= 0, text: 'a number from 0 on' },
};

/** A result as bytes, before it is written. */
export interface EncodedResult {
  readonly bytes: Bytes;
  readonly format: string;
  readonly digest: string;
  readonly encoder: Encoder;
}

/** A checkpoint as it was found: its record, and its bytes where they came along. */
export interface FoundCheckpoint {
  readonly record: CheckpointRecord;
  readonly bytes: Bytes | undefined;
}

/** What a record says that only the run knows. */
export type RunFacts = Pick<
  CheckpointRecord,
  'key' | 'task' | 'version' | 'params' | 'source' | 'requires' | 'marks' | 'dynamic' | 'seconds'
>;

/** A result that took this long or longer is worth an fsync. In seconds. */
const worthIt = 0.02;
const savedBy = `${hostname()}/${process.pid}`;
const marksFolder = '@cleared/';
const damagedFolder = '@damaged/';

/**
 * Where checkpoints are.
 *
 * @example
 * const storage = Storage.open('file:.tidemark');
 * for await (const record of storage.list({ task: 'TrainModel' })) console.log(record.key, record.seconds);
 */
export class Storage {
  /** What was opened, for messages. */
  readonly location: string;
  readonly #store: StoreAdapter;
  readonly #fsync: NonNullable<StorageOptions['fsync']>;
  readonly #inlineBytes: number;

  private constructor(
    store: StoreAdapter,
    location: string,
    { fsync = 'worth-it', inlineBytes = 32_768 }: StorageOptions,
  ) {
    this.#store = store;
    this.location = location;
    this.#fsync = fsync;
    this.#inlineBytes = inlineBytes;
  }

  /**
   * Opens a storage; nothing is read, written or connected before it is used.
   *
   * @param source `'memory:'`, `'file:PATH'`, a `Map`, or a Keyv store adapter @default 'file:.tidemark'
   * @throws {StorageError} when it is none of these
   */
  static open(source: StorageSource = 'file:.tidemark', options: StorageOptions = {}): Storage {
    checkOptions(options, storageOptions, 'a storage');
    const { store, location } = openStore(source);
    return new Storage(store, location, options);
  }

  /**
   * The saved result of a key; undefined when there is none.
   *
   * @param encoder the one that it was saved with, when that is not the default
   * @throws {StorageError} when the storage cannot be read
   * @throws {DamagedCheckpointError} when its bytes are not those that were saved
   * @throws {UnreadableCheckpointError} when they need something that is not here
   */
  async get(key: TaskKey, encoder: Encoder = defaultEncoder): Promise<unknown> {
    const found = await this.find(key);
    return found === undefined ? undefined : this.load(found, encoder);
  }

  /** Whether a result is saved under a key. */
  async has(key: TaskKey): Promise<boolean> {
    return (await this.#do('read', key, () => (this.#store.has ? this.#store.has(key) : this.#store.get(key))))
      ? true
      : false;
  }

  /** Deletes a saved result; what came from it stays valid. Gives whether there was one. */
  async delete(key: TaskKey): Promise<boolean> {
    const entry = await this.#read(key);
    if (entry === undefined) return false;
    await this.#do('delete', key, () => this.#store.delete(key));
    const decoded = decodeEntry(entry, key);
    if (decoded.state === 'whole' && decoded.record.isBeside)
      await this.#do('delete', key, () => this.#store.delete(besideKey(decoded.record)));
    return true;
  }

  /**
   * The records of what is saved, in no particular order; those that cannot be read are left out.
   *
   * @param filter `task`: only those of a task, by its class or name
   */
  async *list(filter: { readonly task?: string | TaskClass } = {}): AsyncIterableIterator<CheckpointRecord> {
    const { task } = filter;
    const prefix = task === undefined ? '' : `${safeName(typeof task === 'string' ? task : definitionOf(task).name)}/`;
    for await (const key of this.#keys(prefix)) {
      if (!isRecordKey(key)) continue;
      const entry = await this.#read(key);
      const decoded = entry && decodeEntry(entry, key);
      if (decoded?.state === 'whole') yield decoded.record;
    }
  }

  /** Deletes all that Tidemark keeps here; a `Map` or a store may hold other things, which stay. */
  async clear(): Promise<void> {
    for await (const key of this.#keys(''))
      if (await this.#isOurs(key)) await this.#do('delete', key, () => this.#store.delete(key));
  }

  /** Waits for what is under way and lets go of connections. */
  async close(): Promise<void> {
    await this.#do('close', undefined, () => this.#store.disconnect?.());
  }

  /** @internal The checkpoint of a key. @throws what `get` throws */
  find(key: TaskKey): Awaitable<FoundCheckpoint | undefined> {
    return andThen(this.#read(key), (entry) => (entry === undefined ? undefined : this.#found(entry, key)));
  }

  /** @internal The value of a checkpoint that was found; its digest is checked before it is decoded. */
  load({ record, bytes }: FoundCheckpoint, encoder: Encoder): Awaitable<unknown> {
    const reader: Encoder | undefined = [encoder, defaultEncoder].find(
      (one) => one.id === record.encoder && one.canRead(record.format),
    );
    if (!reader)
      throw new UnreadableCheckpointError(
        record.key,
        `it was saved as ${record.encoder} (${record.format}), which ${encoder.id} cannot read; give the task or the storage the encoder that it was saved with`,
      );
    const packed = bytes ?? (record.isBeside ? this.#read(besideKey(record)) : undefined);
    return andThen(packed, (kept) =>
      kept === undefined ? this.#loadAnew(record, encoder) : this.#decode(record, kept, reader),
    );
  }

  /** @internal A result as bytes, with its digest. */
  encode(value: unknown, encoder: Encoder): Awaitable<EncodedResult> {
    return andThen(encoder.serialize(value), ({ bytes, format }) => ({
      bytes,
      format,
      digest: hash('sha256', bytes, 'hex'),
      encoder,
    }));
  }

  /** @internal Writes a checkpoint: large bytes first, so that a record never points at what is not there. */
  save(
    facts: RunFacts,
    { bytes, format, digest, encoder }: EncodedResult,
    before: CheckpointRecord | undefined,
  ): Awaitable<CheckpointRecord> {
    const durable = this.#fsync === 'always' || (this.#fsync === 'worth-it' && facts.seconds >= worthIt);
    return andThen(encoder.pack ? encoder.pack(bytes, facts.key) : bytes, (packed) => {
      const isBeside = packed.byteLength > this.#inlineBytes;
      // Written out: spreading `facts` costs more than all the rest of this.
      const record: CheckpointRecord = {
        key: facts.key,
        task: facts.task,
        version: facts.version,
        params: facts.params,
        source: facts.source,
        requires: facts.requires,
        marks: facts.marks,
        dynamic: facts.dynamic,
        encoder: encoder.id,
        format,
        keyId: undefined,
        digest,
        size: packed.byteLength,
        isBeside,
        seconds: facts.seconds,
        savedAt: new Date(),
        savedBy,
      };
      const write = () => this.#write(record.key, encodeEntry(record, isBeside ? undefined : packed), durable);
      // Most are small and new: one write, and nothing to wait for.
      if (!isBeside && !before) return andThen(write(), () => record);
      const besideWritten = isBeside ? this.#write(besideKey(record), packed, durable) : undefined;
      const discarded = before ? andThen(besideWritten, () => this.#discard(before, record)) : besideWritten;
      return andThen(discarded, () => andThen(write(), () => record));
    });
  }

  /** @internal Puts a damaged checkpoint out of the way, where it can be looked at. */
  async setAside(key: TaskKey): Promise<void> {
    const entry = await this.#read(key);
    if (entry === undefined) return;
    await this.#write(damagedFolder + key, entry, false);
    await this.#do('delete', key, () => this.#store.delete(key));
  }

  /** @internal The clear marks on a task's results. */
  marks(folder: string): Awaitable<ClearMarks> {
    return andThen(this.#read(marksFolder + folder), (log) => new ClearMarks(log));
  }

  /** @internal Marks a result, or all of a task, as forgotten. */
  async mark(folder: string, name: string = everything): Promise<void> {
    const key = marksFolder + folder;
    const line = newMark(name);
    if (this.#store.append) return void (await this.#do('write', key, () => this.#store.append!(key, line)));
    // Without an indivisible append, another process's mark may have overwritten ours: look, and add it again.
    for (let tries = 0; tries < 10; tries++) {
      const log = await this.#read(key);
      if (log && Buffer.from(log).includes(line)) return;
      await this.#write(key, Buffer.concat([log ?? new Uint8Array(), line]), true);
    }
    throw new StorageError(
      `the clear mark on ${folder}/${name} could not be kept in ${this.location}: other processes keep overwriting it`,
      { operation: 'write', key },
    );
  }

  /** @internal The keys of a task's saved results, or of all. */
  async *keysOf(folder: string): AsyncIterableIterator<TaskKey> {
    for await (const key of this.#keys(`${folder}/`)) if (isRecordKey(key)) yield key as TaskKey;
  }

  /** Loads a checkpoint whose bytes were let go to save memory, or are gone: what is there now may be newer. */
  #loadAnew(before: CheckpointRecord, encoder: Encoder): Awaitable<unknown> {
    return andThen(this.find(before.key), (now) => {
      if (now === undefined) return fail(before.key, 'it is not there any more');
      if (now.record.isBeside && besideKey(now.record) === besideKey(before))
        return fail(before.key, 'its bytes are not there');
      return this.load(now, encoder);
    });
  }

  #decode(record: CheckpointRecord, bytes: Bytes, reader: Encoder): Awaitable<unknown> {
    if (bytes.byteLength !== record.size)
      fail(record.key, `it has ${bytes.byteLength} bytes where ${record.size} were saved`);
    return andThen(reader.unpack ? reader.unpack(bytes, record.key) : bytes, (serialized) => {
      if (hash('sha256', serialized, 'hex') !== record.digest)
        fail(record.key, 'its bytes are not those that were saved (SHA-256 differs)');
      try {
        return reader.deserialize(serialized, record.format);
      } catch (cause) {
        // The bytes are right, so it is this process that cannot read them: another version of Node, say.
        throw new UnreadableCheckpointError(
          record.key,
          `its bytes are whole, but decoding them as ${record.format} failed (${(cause as Error)?.message}); it was saved by ${record.savedBy}. Clear it, or use the version of Node that it was saved with`,
          { cause },
        );
      }
    });
  }

  #found(entry: Bytes, key: TaskKey): FoundCheckpoint {
    const decoded = decodeEntry(entry, key);
    switch (decoded.state) {
      case 'whole':
        return decoded;
      case 'damaged':
        return fail(key, decoded.problem);
      case 'unreadable':
        throw new UnreadableCheckpointError(key, decoded.problem);
    }
  }

  /** Deletes a stale checkpoint before another takes its place: replacing a file costs a hundred times a new one. */
  #discard(before: CheckpointRecord, record: CheckpointRecord): Awaitable<unknown> {
    const keepsBytes = !before.isBeside || (record.isBeside && besideKey(before) === besideKey(record));
    return andThen(
      this.#do('delete', record.key, () => this.#store.delete(record.key)),
      () => keepsBytes || this.#do('delete', record.key, () => this.#store.delete(besideKey(before))),
    );
  }

  #read(key: string): Awaitable<Bytes | undefined> {
    return andThen(
      this.#do('read', key, () => this.#store.get(key)),
      (value) => {
        if (value === undefined || value === null) return undefined;
        if (value instanceof Uint8Array || ArrayBuffer.isView(value)) return value as Bytes;
        throw new StorageError(
          `${this.location} gave a ${typeof value} where bytes were saved (${key}): does something else use the same keys?`,
          { operation: 'read', key },
        );
      },
    );
  }

  #write(key: string, bytes: Bytes, durable: boolean): Awaitable<unknown> {
    return this.#do('write', key, () => this.#store.set(key, bytes, undefined, { durable }));
  }

  async *#keys(prefix: string): AsyncIterableIterator<string> {
    if (this.#store.keys) return yield* this.#store.keys(prefix);
    if (!this.#store.iterator)
      throw new StorageError(
        `${this.location} cannot list what it holds: the store has neither keys() nor iterator()`,
        { operation: 'list' },
      );
    for await (const [key] of this.#store.iterator()) if (key.startsWith(prefix)) yield key;
  }

  /** Whether an entry was written here: by its name, or by its beginning where `key` of a task made the name. */
  async #isOurs(key: string): Promise<boolean> {
    if (ownName.test(key)) return true;
    if (!recordKey.test(key)) return false;
    const entry = await this.#do('read', key, () => this.#store.get(key));
    return ArrayBuffer.isView(entry) && isEntry(entry as Bytes);
  }

  /** Calls the store; whatever it throws becomes a StorageError. */
  #do<T>(operation: StorageOperation, key: string | undefined, call: () => Awaitable<T>): Awaitable<T> {
    try {
      const result = call();
      return isPromiseLike(result)
        ? (result as PromiseLike<T>).then(undefined, (error) => this.#fail(operation, key, error))
        : result;
    } catch (error) {
      return this.#fail(operation, key, error);
    }
  }

  #fail(operation: StorageOperation, key: string | undefined, cause: unknown): never {
    if (cause instanceof StorageError) throw cause;
    throw new StorageError(
      `cannot ${operation} ${key ?? 'it'} in ${this.location}: ${(cause as Error)?.message ?? cause}`,
      { operation, key, cause },
    );
  }
}

function fail(key: TaskKey, problem: string): never {
  throw new DamagedCheckpointError(key, problem);
}

/** The key of bytes that are an entry of their own. */
function besideKey({ key, digest }: CheckpointRecord): string {
  return `${key}.${digest.slice(0, 32)}`;
}

const recordKey = /^[^/@]+\/[^/]+$/;
/** Keys with a hash, large bytes, clear marks and what was set aside. */
const ownName = /^[^/@]+\/([0-9a-f]{32}|.*\.[0-9a-f]{32})$|^@(cleared|damaged)\/[^/]+(\/[^/]+)?$/;
const besideEnd = /\.[0-9a-f]{32}$/;

function isRecordKey(key: string): boolean {
  return recordKey.test(key) && !besideEnd.test(key);
}
