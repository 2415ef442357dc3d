import { hostname } from 'node:os';
import { type Awaitable, andThen, isPromiseLike, rescue } from '../base/awaitable';
import type { Bytes, Encoder } from '../encoding/encoder';
import type { pack } from '../encoding/packing';
import type { TaskKey } from '../task/context';
import { decodeEntry, encodeEntry, recordHead } from './format/entry-format';
import type { CheckpointRecord } from './format/record';
import type { StoredCheckpoint } from './format/stored-checkpoint';
import { type Lease, LeaseLostError } from './leases/lease';
import type { StorageOptions } from './options';
import { encryptFields, type SerializedValue } from './result-codec';
import type { StoreClient } from './store-client';
import { newBlobName, type UnnamedBlobs } from './unnamed-blobs';

/** The fields of a record that only the run knows. */
export type RecordFields = Pick<
  CheckpointRecord,
  'key' | 'task' | 'version' | 'params' | 'source' | 'requires' | 'marks' | 'dynamic' | 'seconds'
> & { readonly refs?: string | undefined; readonly directories?: readonly string[] | undefined };

/** The time and the process of a save. */
export type SaveStamp = Pick<CheckpointRecord, 'savedAt' | 'savedBy'>;

/** A checkpoint to save in one store. */
export interface SaveRequest {
  readonly fields: RecordFields;
  readonly value: SerializedValue;
  /** The encoder of the task; undefined if it has none of its own. */
  readonly encoder: Encoder | undefined;
  /** The stale checkpoint under the same key. */
  readonly replaces?: StoredCheckpoint | undefined;
  /** @default now, in this process */
  readonly stamp?: SaveStamp;
  /** The lease by which the record is written: if it is lost, nothing is. */
  readonly lease?: Lease | undefined;
}

/** A result after compression and encryption. */
type PackedValue = Awaited<ReturnType<typeof pack>>;

/** A key, and the name of its blob. */
interface BlobName {
  readonly key: TaskKey;
  readonly blob: string | undefined;
}

/** A checkpoint as bytes, ready to be written. */
interface Draft {
  readonly record: CheckpointRecord;
  readonly entry: Bytes;
  /** The bytes of a large result, which get an entry of their own. */
  readonly blob: Bytes | undefined;
  readonly durable: boolean;
}

/** A result that took this long, in seconds, is worth an fsync. */
const minSecondsForFsync = 0.02;
const noNames: readonly string[] = Object.freeze([]);
const thisProcess = `${hostname()}/${process.pid}`;

export function newSaveStamp(): SaveStamp {
  return { savedAt: new Date(), savedBy: thisProcess };
}

export function isSavedByThisProcess({ savedBy }: Pick<CheckpointRecord, 'savedBy'>): boolean {
  return savedBy === thisProcess;
}

/** Writes checkpoints into a store: a blob before the record that names it, so that no record points at missing bytes. */
export class CheckpointWriter {
  readonly #client: StoreClient;
  readonly #unnamedBlobs: UnnamedBlobs;
  readonly #fsync: NonNullable<StorageOptions['fsync']>;
  readonly #inlineBytes: number;
  readonly #allowsPlain: boolean;

  constructor(
    client: StoreClient,
    unnamedBlobs: UnnamedBlobs,
    { fsync = 'worth-it', inlineBytes = 32_768, encryption }: StorageOptions,
  ) {
    this.#client = client;
    this.#unnamedBlobs = unnamedBlobs;
    this.#fsync = fsync;
    this.#inlineBytes = inlineBytes;
    this.#allowsPlain = encryption === 'allow-plain';
  }

  /**
   * @param encoder the one that packed the value
   * @returns the size of the stored result in bytes
   * @throws {LeaseLostError}
   */
  write(request: SaveRequest, packed: PackedValue, encoder: Encoder): Awaitable<number> {
    const { value } = request;
    const isOwn = packed.bytes !== value.bytes || !value.isView || this.#client.copies;
    const bytes = isOwn ? packed.bytes : packed.bytes.slice();
    const isInline = bytes.byteLength <= this.#inlineBytes;
    const record = recordOf(request, packed.packing, bytes.byteLength, isInline ? undefined : newBlobName());
    const { seconds } = record;
    const durable = this.#fsync === 'always' || (this.#fsync === 'worth-it' && seconds >= minSecondsForFsync);
    const draft = (encrypted?: string, head?: string): Draft => ({
      record,
      entry: encodeEntry(record, isInline ? bytes : undefined, encrypted, head),
      blob: isInline ? undefined : bytes,
      durable,
    });
    // Most results are plain, small and new: one write, and nothing to clean up.
    const isSimple = isInline && request.replaces === undefined && request.lease === undefined;
    if (record.encrypter === undefined)
      return isSimple ? this.#writeRecord(draft()) : this.#writeDraft(draft(), request);
    const head = recordHead(record, true);
    return andThen(encryptFields(record, head, encoder), (encrypted) =>
      this.#writeDraft(draft(encrypted, head), request),
    );
  }

  #writeDraft(draft: Draft, { lease, replaces }: SaveRequest): Awaitable<number> {
    if (lease) return this.#writeWithLease(lease, draft, replaces);
    return draft.blob || replaces ? this.#writeAndCleanUp(draft, replaces) : this.#writeRecord(draft);
  }

  #writeRecord({ record, entry, durable }: Draft): Awaitable<number> {
    const { key, size } = record;
    const written = this.#client.write(key, entry, { durable, small: true });
    return isPromiseLike(written) ? written.then(() => size) : size;
  }

  #writeAndCleanUp(draft: Draft, replaces: StoredCheckpoint | undefined): Awaitable<number> {
    const { record, blob, durable } = draft;
    const { key, size } = record;
    const written = andThen(blob && this.#client.write(blobKey(record), blob, { durable }), () =>
      rescue(
        () => this.#replace(draft, replaces),
        (error) => this.#removeBlob(draft, error),
      ),
    );
    return andThen(written, () => andThen(this.#unnamedBlobs.removeOf(key), () => size));
  }

  #replace(draft: Draft, replaces: StoredCheckpoint | undefined): Awaitable<unknown> {
    const { key } = draft.record;
    return andThen(this.#replacedBlobs(draft, replaces), (blobs) => {
      if (!replaces) return andThen(this.#writeRecord(draft), () => this.#deleteBlobs(key, blobs));
      // The stale checkpoint is deleted first: to replace a file takes a hundred times as long as to make one.
      return andThen(this.#client.delete(key), () =>
        andThen(this.#deleteBlobs(key, blobs), () => this.#writeRecord(draft)),
      );
    });
  }

  /** Removes the blob of a record that could not be written. */
  #removeBlob({ record, blob }: Draft, error: unknown): Awaitable<never> {
    if (!blob) throw error;
    return this.#unnamedBlobs.remove(record.key, record.blob!).then(
      () => Promise.reject(error),
      () => Promise.reject(error),
    );
  }

  /** Replaces a stale record instead of deleting it first: it may already be the result of another owner. */
  async #writeWithLease(lease: Lease, draft: Draft, replaces: StoredCheckpoint | undefined): Promise<number> {
    const { record, entry, blob, durable } = draft;
    if (blob) await this.#client.write(blobKey(record), blob, { durable });
    const blobs = await this.#replacedBlobs(draft, replaces);
    await this.#unnamedBlobs.removeOf(record.key);
    const isStale = (bytes: Bytes) =>
      this.#isUseless(bytes, record) || (replaces !== undefined && isEntryOf(bytes, replaces));
    if (await lease.write({ bytes: entry, durable, isStale })) {
      await this.#deleteBlobs(record.key, blobs);
      return record.size;
    }
    // No other record names it.
    if (blob) await this.#client.delete(blobKey(record));
    throw new LeaseLostError(record.key);
  }

  /** The bytes under the key of a record count for nobody who opens this storage with these options. */
  #isUseless(bytes: Bytes, { key, encrypter }: CheckpointRecord): boolean {
    const decoded = decodeEntry(bytes, key);
    if (decoded.state === 'outdated') return true;
    const isPlain = decoded.state === 'whole' && decoded.entry.encrypter === undefined;
    return isPlain && encrypter !== undefined && !this.#allowsPlain;
  }

  /** The names of the blobs that no record names once a draft is written. */
  #replacedBlobs({ record, blob }: Draft, replaces: StoredCheckpoint | undefined): Awaitable<readonly string[]> {
    const stale = replaces?.blob === undefined ? noNames : [replaces.blob];
    if (!blob && stale.length === 0) return noNames;
    return andThen(this.#currentBlob(record.key), (current) =>
      current === undefined || stale.includes(current) ? stale : [...stale, current],
    );
  }

  /** The name of the blob that the record under a key names now. */
  #currentBlob(key: TaskKey): Awaitable<string | undefined> {
    this.#client.refresh();
    return andThen(this.#client.read(key, { small: true }), (bytes) => {
      const decoded = bytes && decodeEntry(bytes, key);
      return decoded?.state === 'whole' ? decoded.entry.blob : undefined;
    });
  }

  #deleteBlobs(key: TaskKey, names: readonly string[]): Awaitable<unknown> {
    let deleted: Awaitable<unknown>;
    for (const blob of names) deleted = andThen(deleted, () => this.#client.delete(blobKey({ key, blob })));
    return deleted;
  }
}

function recordOf(
  { fields, value, stamp = newSaveStamp() }: SaveRequest,
  packing: PackedValue['packing'],
  size: number,
  blob: string | undefined,
): CheckpointRecord {
  // Written out, since a spread of `fields` costs more than the rest of a save.
  return {
    key: fields.key,
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
    size,
    plainSize: value.bytes.byteLength,
    blob,
    directories: fields.directories,
    seconds: fields.seconds,
    savedAt: stamp.savedAt,
    savedBy: stamp.savedBy,
  };
}

/**
 * The key of a blob.
 *
 * Its name is random, so that only one record names it: to delete a record with its blob never deletes the blob of
 * another record that is being saved at the same time, even of an equal result.
 */
export function blobKey({ key, blob }: BlobName): string {
  return `${key}.${blob}`;
}

/** The bytes are those that a checkpoint was read from. */
function isEntryOf(bytes: Bytes, checkpoint: StoredCheckpoint): boolean {
  const decoded = decodeEntry(bytes, checkpoint.key);
  if (decoded.state !== 'whole') return false;
  const { entry } = decoded;
  try {
    const isSame = entry.size === checkpoint.size && entry.blob === checkpoint.blob;
    return isSame && entry.savedAt === checkpoint.savedAt && entry.savedBy === checkpoint.savedBy;
  } catch {
    return false;
  }
}
