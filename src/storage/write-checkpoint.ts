import { hostname } from 'node:os';
import { type Awaitable, andThen, rescue } from '../base/awaitable';
import type { Bytes, Encoder } from '../encoding/encoder';
import { pack } from '../encoding/packing';
import type { TaskKey } from '../task/context';
import { decodeEntry, encodeEntry, recordHead } from './format/entry-format';
import type { CheckpointRecord } from './format/record';
import type { StoredCheckpoint } from './format/stored-checkpoint';
import { type Lease, LeaseLostError } from './leases/lease';
import { defaultMaxResultSize, type StorageOptions } from './options';
import { encryptFields, type SerializedValue } from './result-codec';
import type { StoreClient } from './store-client';
import { newBlobName, type UnnamedBlobs } from './unnamed-blobs';

/** What a record says that only the run knows. */
export type RecordFields = Pick<
  CheckpointRecord,
  'key' | 'task' | 'version' | 'params' | 'source' | 'requires' | 'marks' | 'dynamic' | 'seconds'
> & { readonly refs?: string | undefined; readonly directories?: readonly string[] | undefined };

/** When a checkpoint was saved, and by whom. */
export type SaveStamp = Pick<CheckpointRecord, 'savedAt' | 'savedBy'>;

/** What is to be written. */
export interface Writing {
  readonly fields: RecordFields;
  readonly value: SerializedValue;
  readonly encoder: Encoder;
  /** What is there under the key and counts no more. */
  readonly before: StoredCheckpoint | undefined;
  readonly stamp: SaveStamp;
  /** The right to write it, where only one process has that. */
  readonly lease: Lease | undefined;
}

/** A result that took this long or longer is worth an fsync. In seconds. */
const worthIt = 0.02;
const none: readonly string[] = Object.freeze([]);
const here = `${hostname()}/${process.pid}`;

/** That it was now, and here. */
export function newSaveStamp(): SaveStamp {
  return { savedAt: new Date(), savedBy: here };
}

/** Whether this process saved a checkpoint. */
export function isSavedByThisProcess({ savedBy }: Pick<CheckpointRecord, 'savedBy'>): boolean {
  return savedBy === here;
}

/** A key, and the name of its large bytes. */
interface BlobName {
  readonly key: TaskKey;
  readonly blob: string | undefined;
}

/** A record, ready to be written. */
interface Draft {
  readonly record: CheckpointRecord;
  readonly entry: Bytes;
  /** Its bytes, when they are an entry of their own. */
  readonly beside: Bytes | undefined;
  readonly durable: boolean;
}

/** Writes checkpoints into a store. */
export class CheckpointWriter {
  readonly #entries: StoreClient;
  readonly #unnamed: UnnamedBlobs;
  readonly #fsync: NonNullable<StorageOptions['fsync']>;
  readonly #inlineBytes: number;
  readonly #maxResultSize: number;
  readonly #allowsPlain: boolean;

  constructor(
    entries: StoreClient,
    unnamed: UnnamedBlobs,
    { fsync = 'worth-it', inlineBytes = 32_768, maxResultSize = defaultMaxResultSize, encryption }: StorageOptions,
  ) {
    this.#entries = entries;
    this.#unnamed = unnamed;
    this.#fsync = fsync;
    this.#inlineBytes = inlineBytes;
    this.#maxResultSize = maxResultSize;
    this.#allowsPlain = encryption === 'allow-plain';
  }

  /**
   * Writes a checkpoint: large bytes first, so that a record never points at what is not there.
   *
   * @returns how many bytes are kept
   * @throws {LeaseLostError} when it was to be written by a lease that somebody else has now
   */
  write({ fields, value, encoder, before, stamp, lease }: Writing): Awaitable<number> {
    const { key } = fields;
    const isTooLarge = value.bytes.byteLength > this.#maxResultSize;
    const packer = isTooLarge ? { ...encoder, compression: null } : encoder;
    return andThen(packed(value, packer, key), ({ bytes, packing }) => {
      const isOurs = bytes !== value.bytes || !value.isView || this.#entries.copies;
      const kept = isOurs ? bytes : bytes.slice();
      const isBeside = kept.byteLength > this.#inlineBytes;
      // Written out: spreading `facts` costs more than all the rest of this.
      const record: CheckpointRecord = {
        key,
        task: fields.task,
        version: fields.version,
        params: fields.params,
        source: fields.source,
        requires: fields.requires,
        marks: fields.marks,
        dynamic: fields.dynamic,
        refs: fields.refs,
        serializer: value.serializer,
        format: value.format,
        compressor: packing.compressor,
        encrypter: packing.encrypter,
        keyId: packing.keyId,
        digest: value.digest,
        size: kept.byteLength,
        plainSize: value.bytes.byteLength,
        blob: isBeside ? newBlobName() : undefined,
        directories: fields.directories,
        seconds: fields.seconds,
        savedAt: stamp.savedAt,
        savedBy: stamp.savedBy,
      };
      const write = (sealed?: string, head?: string) => {
        const entry = encodeEntry(record, isBeside ? undefined : kept, sealed, head);
        const draft = { record, entry, beside: isBeside ? kept : undefined, durable: this.#isWorthIt(fields.seconds) };
        return lease ? this.#writeBy(lease, draft, before) : this.#write(draft, before);
      };
      if (packing.encrypter === undefined) return write();
      const head = recordHead(record, true);
      return andThen(encryptFields(record, head, encoder), (sealed) => write(sealed, head));
    });
  }

  #isWorthIt(seconds: number): boolean {
    return this.#fsync === 'always' || (this.#fsync === 'worth-it' && seconds >= worthIt);
  }

  #write(draft: Draft, before: StoredCheckpoint | undefined): Awaitable<number> {
    const { record, entry, beside, durable } = draft;
    const { key, size } = record;
    const write = () => andThen(this.#entries.writeSmall(key, entry, durable), () => size);
    // Most are small and new: one write, and nothing to wait for.
    if (!beside && !before) return write();
    const written = andThen(beside && this.#entries.write(blobKey(record), beside, durable), () =>
      rescue(
        () =>
          andThen(this.#besideNow(draft, before), (names) => {
            // A stale checkpoint is deleted before another takes its place: replacing a file costs a hundred times a new one.
            if (before) return andThen(this.#entries.delete(key), () => andThen(this.#discard(key, names), write));
            return andThen(write(), () => andThen(this.#discard(key, names), () => size));
          }),
        (error) => this.#takeBack(draft, error),
      ),
    );
    return andThen(written, () => andThen(this.#unnamed.removeOf(key), () => size));
  }

  /** A record could not be written: its bytes are of no use. */
  #takeBack({ record, beside }: Draft, error: unknown): Awaitable<never> {
    if (!beside) throw error;
    return this.#unnamed.remove(record.key, record.blob!).then(
      () => Promise.reject(error),
      () => Promise.reject(error),
    );
  }

  /** What is stale is replaced, not deleted first: in between, it may already be the result of another owner. */
  async #writeBy(lease: Lease, draft: Draft, before: StoredCheckpoint | undefined): Promise<number> {
    const { record, entry, beside, durable } = draft;
    if (beside) await this.#entries.write(blobKey(record), beside, durable);
    const names = await this.#besideNow(draft, before);
    await this.#unnamed.removeOf(record.key);
    const isStale = (bytes: Bytes) =>
      this.#countsNot(bytes, record) || (before !== undefined && isEntryOf(bytes, before));
    if (await lease.write({ bytes: entry, durable, isStale })) {
      await this.#discard(record.key, names);
      return record.size;
    }
    // Nobody else's record names them.
    if (beside) await this.#entries.delete(blobKey(record));
    throw new LeaseLostError(record.key);
  }

  /** Whether bytes under the key of a record are of no use to anybody who reads this storage as it is opened here. */
  #countsNot(bytes: Bytes, { key, encrypter }: CheckpointRecord): boolean {
    const read = decodeEntry(bytes, key);
    if (read.state === 'outdated') return true;
    return (
      read.state === 'whole' && read.entry.encrypter === undefined && encrypter !== undefined && !this.#allowsPlain
    );
  }

  /** The names of large bytes that no record will name any more: of what counts no more, and of what is replaced. */
  #besideNow({ record, beside }: Draft, before: StoredCheckpoint | undefined): Awaitable<readonly string[]> {
    const stale = before?.blob === undefined ? none : [before.blob];
    if (!beside && stale.length === 0) return none;
    return andThen(this.#besideUnder(record.key), (now) =>
      now === undefined || stale.includes(now) ? stale : [...stale, now],
    );
  }

  /** The name of the large bytes of the record that is there now. */
  #besideUnder(key: TaskKey): Awaitable<string | undefined> {
    this.#entries.refresh();
    return andThen(this.#entries.readSmall(key), (bytes) => {
      const read = bytes && decodeEntry(bytes, key);
      return read?.state === 'whole' ? read.entry.blob : undefined;
    });
  }

  #discard(key: TaskKey, names: readonly string[]): Awaitable<unknown> {
    let done: Awaitable<unknown>;
    for (const beside of names) done = andThen(done, () => this.#entries.delete(blobKey({ key, blob: beside })));
    return done;
  }
}

/** Compressed, unless that was done already, and encrypted. */
function packed({ bytes, compressed }: SerializedValue, encoder: Encoder, key: TaskKey): ReturnType<typeof pack> {
  const { compression } = encoder;
  if (compressed === undefined || !compression || (compressed && compressed.compressor !== compression.id))
    return pack(bytes, encoder, key);
  return andThen(pack(compressed?.bytes ?? bytes, { ...encoder, compression: null }, key), ({ bytes, packing }) => ({
    bytes,
    packing: { ...packing, compressor: compressed?.compressor },
  }));
}

/**
 * The key of bytes that are an entry of their own.
 *
 * They are named by chance, so that one record alone names them: who deletes a record and its bytes never takes those
 * of another that is being saved at the same moment, whatever it holds.
 */
export function blobKey({ key, blob }: BlobName): string {
  return `${key}.${blob}`;
}

/** Whether bytes are those that an entry was read from. */
function isEntryOf(bytes: Bytes, before: StoredCheckpoint): boolean {
  const read = decodeEntry(bytes, before.key);
  if (read.state !== 'whole') return false;
  const { entry } = read;
  try {
    const isSame = entry.size === before.size && entry.blob === before.blob;
    return isSame && entry.savedAt === before.savedAt && entry.savedBy === before.savedBy;
  } catch {
    return false;
  }
}
