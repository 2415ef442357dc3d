import { hash } from 'node:crypto';
import { hostname } from 'node:os';
import { type Awaitable, andThen } from '../awaitable';
import { type Allowed, checkOptions, oneOf } from '../check-options';
import { defaultEncoder } from '../encoding/default-encoder';
import type { Bytes, Encoder } from '../encoding/encoder';
import type { TaskKey } from '../task/context';
import { definitionOf } from '../task/definition';
import { safeName } from '../task/safe-name';
import type { TaskClass } from '../task/task-class';
import { DamagedCheckpointError, UnreadableCheckpointError } from './checkpoint-error';
import { ClearMarks, everything, newMark } from './clear-marks';
import { decodeResult, decoderFor } from './decode-result';
import { Entries } from './entries';
import { openStore, type StorageSource } from './open';
import { type CheckpointRecord, decodeEntry, encodeEntry, isEntry } from './record';

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
  readonly #entries: Entries;
  readonly #fsync: NonNullable<StorageOptions['fsync']>;
  readonly #inlineBytes: number;

  private constructor(entries: Entries, { fsync = 'worth-it', inlineBytes = 32_768 }: StorageOptions) {
    this.#entries = entries;
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
    return new Storage(new Entries(store, location), options);
  }

  /** What was opened, for messages. */
  get location(): string {
    return this.#entries.location;
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
    return this.#entries.has(key);
  }

  /** Deletes a saved result; what came from it stays valid. Gives whether there was one. */
  async delete(key: TaskKey): Promise<boolean> {
    const entry = await this.#entries.read(key);
    if (entry === undefined) return false;
    await this.#entries.delete(key);
    const decoded = decodeEntry(entry, key);
    if (decoded.state === 'whole' && decoded.record.isBeside) await this.#entries.delete(besideKey(decoded.record));
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
    for await (const key of this.#entries.keys(prefix)) {
      if (!isRecordKey(key)) continue;
      const entry = await this.#entries.read(key);
      const decoded = entry && decodeEntry(entry, key);
      if (decoded?.state === 'whole') yield decoded.record;
    }
  }

  /** Deletes all that Tidemark keeps here; a `Map` or a store may hold other things, which stay. */
  async clear(): Promise<void> {
    for await (const key of this.#entries.keys('')) if (await this.#isOurs(key)) await this.#entries.delete(key);
  }

  /** Waits for what is under way and lets go of connections. */
  async close(): Promise<void> {
    await this.#entries.close();
  }

  /** @internal The checkpoint of a key. @throws what `get` throws */
  find(key: TaskKey): Awaitable<FoundCheckpoint | undefined> {
    return andThen(this.#entries.read(key), (entry) => (entry === undefined ? undefined : this.#found(entry, key)));
  }

  /** @internal The value of a checkpoint that was found; its digest is checked before it is decoded. */
  load({ record, bytes }: FoundCheckpoint, encoder: Encoder): Awaitable<unknown> {
    const reader = decoderFor(record, encoder);
    const packed = bytes ?? (record.isBeside ? this.#entries.read(besideKey(record)) : undefined);
    return andThen(packed, (kept) =>
      kept === undefined ? this.#loadAnew(record, encoder) : decodeResult(record, kept, reader),
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
      const write = () => this.#entries.write(record.key, encodeEntry(record, isBeside ? undefined : packed), durable);
      // Most are small and new: one write, and nothing to wait for.
      if (!isBeside && !before) return andThen(write(), () => record);
      const besideWritten = isBeside ? this.#entries.write(besideKey(record), packed, durable) : undefined;
      const discarded = before ? andThen(besideWritten, () => this.#discard(before, record)) : besideWritten;
      return andThen(discarded, () => andThen(write(), () => record));
    });
  }

  /** @internal Puts a damaged checkpoint out of the way, where it can be looked at. */
  async setAside(key: TaskKey): Promise<void> {
    const entry = await this.#entries.read(key);
    if (entry === undefined) return;
    await this.#entries.write(damagedFolder + key, entry, false);
    await this.#entries.delete(key);
  }

  /** @internal The clear marks on a task's results. */
  marks(folder: string): Awaitable<ClearMarks> {
    return andThen(this.#entries.read(marksFolder + folder), (log) => new ClearMarks(log));
  }

  /** @internal Marks a result, or all of a task, as forgotten. */
  async mark(folder: string, name: string = everything): Promise<void> {
    await this.#entries.append(marksFolder + folder, newMark(name));
  }

  /** @internal The keys of a task's saved results, or of all. */
  async *keysOf(folder: string): AsyncIterableIterator<TaskKey> {
    for await (const key of this.#entries.keys(`${folder}/`)) if (isRecordKey(key)) yield key as TaskKey;
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
    return andThen(this.#entries.delete(record.key), () => keepsBytes || this.#entries.delete(besideKey(before)));
  }

  /** Whether an entry was written here: by its name, or by its beginning where `key` of a task made the name. */
  async #isOurs(key: string): Promise<boolean> {
    if (ownName.test(key)) return true;
    if (!recordKey.test(key)) return false;
    return this.#entries.holdsBytes(key, isEntry);
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
