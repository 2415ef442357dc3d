import { setTimeout as wait } from 'node:timers/promises';
import { type Awaitable, andThen, isPromiseLike } from '../base/awaitable';
import { isInstance } from '../base/describe-error';
import type { Bytes, Encoder } from '../encoding/encoder';
import { combineEncoders, defaultEncoder } from '../encoding/make-encoder';
import type { TaskKey } from '../task/context';
import type { TaskDirectoryStore } from './directories/task-directory-store';
import {
  DamagedCheckpointError,
  GoneCheckpointError,
  UnencryptedCheckpointError,
  UnreadableCheckpointError,
} from './errors';
import { decodeEntry, directoriesIn } from './format/entry-format';
import { isRecordKey, isTidemarkKey } from './format/keys';
import type { StoredCheckpoint } from './format/stored-checkpoint';
import type { LeaseManager } from './leases/lease-manager';
import { placeIdOf } from './marks/epochs';
import { newMarkId } from './marks/mark-log';
import { MarkStore } from './marks/mark-store';
import { defaultMaxResultSize, type StorageOptions } from './options';
import {
  decodeResult,
  decryptFields,
  IncrementalDigest,
  packResult,
  type SerializedValue,
  unpackResult,
} from './result-codec';
import type { StoreAdapter } from './store';
import { chunks, NotBytesError, StoreClient } from './store-client';
import { UnnamedBlobs } from './unnamed-blobs';
import { blobKey, CheckpointWriter, type SaveRequest } from './write-checkpoint';

/** A blob counts as lost after so many reads. */
const maxBlobReads = 3;
/** The pause between them, in milliseconds: other processes may be replacing record and blob. */
const blobReadPause = 10;

/** The checkpoints of one store. */
export class CheckpointStore {
  readonly encoder: Encoder | undefined;
  /** Nothing is written or deleted here. */
  readonly isReadonly: boolean;
  /** The task directories beside the checkpoints, in stores that can hold them. */
  readonly directories: TaskDirectoryStore | undefined;
  /** The clear marks in this store. */
  readonly marks: MarkStore;
  /** Identifies the store: equal for two that were opened by the same address. */
  readonly place: string;
  /** The entries of the store, of which checkpoints are made. */
  readonly client: StoreClient;
  readonly unnamedBlobs: UnnamedBlobs;
  readonly #writer: CheckpointWriter;
  readonly #store: StoreAdapter;
  readonly #options: StorageOptions;
  #leases: LeaseManager | undefined;

  constructor(store: StoreAdapter, location: string, options: StorageOptions, place = placeIdOf(newMarkId())) {
    this.isReadonly = options.readonly === true;
    this.client = new StoreClient(store, location, this.isReadonly);
    this.marks = new MarkStore(this.client);
    this.place = place;
    this.encoder = options.encoder;
    this.directories = openDirectoryStore(store);
    this.unnamedBlobs = new UnnamedBlobs(this.client);
    this.#writer = new CheckpointWriter(this.client, this.unnamedBlobs, options);
    this.#store = store;
    this.#options = options;
  }

  /** The same store, opened so that nothing is written or deleted. */
  asReadonly(): CheckpointStore {
    return this.isReadonly
      ? this
      : new CheckpointStore(this.#store, this.location, { ...this.#options, readonly: true }, this.place);
  }

  /** The name of the store in messages. */
  get location(): string {
    return this.client.location;
  }

  /** The leases on keys; undefined in stores without. */
  get leases(): LeaseManager | undefined {
    if (this.#leases) return this.#leases;
    const backend = this.#store.leases;
    if (!backend) return undefined;
    // Loaded late, since few programs need it.
    const { LeaseManager: Manager } = require('./leases/lease-manager') as typeof import('./leases/lease-manager');
    return (this.#leases = new Manager(backend, this.client, this.#options.lease));
  }

  /** The encoder of a task's results in this store. @param ofTask the task's own */
  encoderFor(ofTask: Encoder | undefined): Encoder {
    return ofTask === undefined && this.encoder === undefined ? defaultEncoder : combineEncoders(ofTask, this.encoder);
  }

  /**
   * The checkpoint of a key, without its value.
   *
   * @throws {StorageError} when the store cannot be read
   * @throws {DamagedCheckpointError} when it is not the one that was saved
   * @throws {UnreadableCheckpointError} when it needs something that is not here
   * @throws {UnencryptedCheckpointError} when it is not encrypted and has to be
   */
  find(key: TaskKey, ofTask: Encoder | undefined): Awaitable<StoredCheckpoint | undefined> {
    const bytes = this.client.read(key, { small: true });
    return isPromiseLike(bytes)
      ? bytes.then((later) => this.#checkpointIn(later, key, ofTask))
      : this.#checkpointIn(bytes, key, ofTask);
  }

  /** An unencrypted checkpoint counts here, since encryption is not required. */
  isTrusted({ encrypter }: StoredCheckpoint, { encryption }: Encoder): boolean {
    return encrypter !== undefined || encryption === null || this.#options.encryption === 'allow-plain';
  }

  /** The serialised result of a checkpoint, with its digest verified. @throws the errors of `find` */
  read(checkpoint: StoredCheckpoint, ofTask: Encoder | undefined): Awaitable<SerializedValue> {
    if (checkpoint.bytes !== undefined) return this.#unpack(checkpoint, checkpoint.bytes, ofTask);
    if (checkpoint.blob === undefined) return this.#readAgain(checkpoint, ofTask);
    const isPlain = checkpoint.compressor === undefined && checkpoint.encrypter === undefined;
    const digest = isPlain ? new IncrementalDigest() : undefined;
    return andThen(this.client.read(blobKey(checkpoint), { onPart: digest?.add }), (bytes) =>
      bytes === undefined ? this.#readAgain(checkpoint, ofTask) : this.#unpack(checkpoint, bytes, ofTask, digest),
    );
  }

  /** The value of a checkpoint. @throws the errors of `find` */
  load(checkpoint: StoredCheckpoint, ofTask: Encoder | undefined): Awaitable<unknown> {
    const value = this.read(checkpoint, ofTask);
    const encoder = this.encoderFor(ofTask);
    return isPromiseLike(value)
      ? value.then((later) => decodeResult(checkpoint, later, encoder))
      : decodeResult(checkpoint, value, encoder);
  }

  /**
   * Saves a checkpoint.
   *
   * @returns the size of the stored result in bytes
   * @throws {LeaseLostError} when another process has the lease now: no record was written then
   */
  save(request: SaveRequest): Awaitable<number> {
    const { value, fields } = request;
    const encoder = this.encoderFor(request.encoder);
    const isTooLarge = value.bytes.byteLength > this.#maxResultSize;
    // A larger result could not be decompressed.
    const packed = packResult(value, isTooLarge ? { ...encoder, compression: null } : encoder, fields.key);
    return isPromiseLike(packed)
      ? packed.then((later) => this.#writer.write(request, later, encoder))
      : this.#writer.write(request, packed, encoder);
  }

  async has(key: TaskKey): Promise<boolean> {
    this.client.refresh();
    return this.client.has(key);
  }

  /** The task directories that the record of a key names; undefined when the record cannot be read. */
  async directoriesOf(key: TaskKey): Promise<readonly string[] | undefined> {
    const bytes = await this.client.read(key, { small: true });
    const decoded = bytes && decodeEntry(bytes, key);
    if (decoded === undefined || decoded.state === 'outdated') return [];
    return decoded.state === 'whole' ? directoriesIn(decoded.entry) : undefined;
  }

  /** Deletes a checkpoint. Returns false if there was none. @param directories where its task directories are */
  async delete(key: TaskKey, directories = this.directories): Promise<boolean> {
    const wasThere = await this.#delete(key, directories);
    await this.unnamedBlobs.removeOf(key);
    return wasThere;
  }

  /** Deletes all checkpoints of a task. Returns their keys. @param directories where its task directories are */
  async deleteTask(folder: string, directories = this.directories): Promise<readonly TaskKey[]> {
    const deleted: TaskKey[] = [];
    for await (const keys of chunks(this.#keysOf(folder))) {
      const wereThere = await Promise.all(keys.map((key) => this.#delete(key, directories)));
      deleted.push(...keys.filter((_, i) => wereThere[i]));
    }
    await this.unnamedBlobs.removeIn(folder);
    await directories?.sweep(folder, async () => []);
    return deleted;
  }

  async close(): Promise<void> {
    await this.#leases?.close();
    await this.client.close();
  }

  get #maxResultSize(): number {
    return this.#options.maxResultSize ?? defaultMaxResultSize;
  }

  #checkpointIn(
    bytes: Bytes | undefined,
    key: TaskKey,
    ofTask: Encoder | undefined,
  ): Awaitable<StoredCheckpoint | undefined> {
    if (bytes === undefined) return undefined;
    const decoded = decodeEntry(bytes, key);
    if (decoded.state === 'damaged') throw new DamagedCheckpointError(key, decoded.problem);
    if (decoded.state === 'unreadable') throw new UnreadableCheckpointError(key, decoded.problem);
    if (decoded.state === 'outdated') return undefined;
    const { entry } = decoded;
    const encoder = this.encoderFor(ofTask);
    if (entry.encrypter !== undefined) return decryptFields(entry, encoder);
    if (this.isTrusted(entry, encoder)) return entry;
    throw new UnencryptedCheckpointError(key, this.location);
  }

  #unpack(
    checkpoint: StoredCheckpoint,
    bytes: Bytes,
    ofTask: Encoder | undefined,
    digest?: IncrementalDigest,
  ): Awaitable<SerializedValue> {
    const { key, compressor, plainSize, size, serializer, format } = checkpoint;
    if (compressor !== undefined && plainSize > this.#maxResultSize)
      throw new UnreadableCheckpointError(
        key,
        `its ${size} bytes are to be decompressed to ${plainSize}, and ${this.location} takes ${this.#maxResultSize} at most; open it with a larger maxResultSize if that is right, or delete the checkpoint`,
      );
    return andThen(unpackResult(checkpoint, bytes, this.encoderFor(ofTask), digest), (plain) => ({
      serializer,
      format,
      bytes: plain,
      digest: checkpoint.digest,
      isView: plain === bytes && !this.client.copies,
    }));
  }

  /** Reads a checkpoint again whose bytes were released to save memory, or are gone: there may be a newer one by now. */
  async #readAgain(before: StoredCheckpoint, ofTask: Encoder | undefined): Promise<SerializedValue> {
    const { key } = before;
    for (let reads = 1; ; reads++) {
      this.client.refresh();
      const now = await this.find(key, ofTask);
      if (now === undefined) throw new GoneCheckpointError(key);
      if (now.blob === undefined || now.blob !== before.blob) return this.read(now, ofTask);
      const bytes = await this.client.read(blobKey(now));
      if (bytes !== undefined) return this.#unpack(now, bytes, ofTask);
      if (reads === maxBlobReads) throw new DamagedCheckpointError(key, 'its bytes are not there');
      await wait(blobReadPause);
    }
  }

  async #delete(key: TaskKey, directories: TaskDirectoryStore | undefined): Promise<boolean> {
    this.client.refresh();
    const bytes = await this.#bytesToDelete(key);
    if (bytes === undefined) return false;
    await this.client.delete(key);
    const decoded = decodeEntry(bytes, key);
    if (decoded.state !== 'whole') return true;
    if (decoded.entry.blob !== undefined) await this.client.delete(blobKey(decoded.entry));
    await directories?.removeOf(key, directoriesIn(decoded.entry) ?? []);
    return true;
  }

  /** The bytes under a key; undefined for a value of another program in a shared store. */
  async #bytesToDelete(key: TaskKey): Promise<Bytes | undefined> {
    try {
      return await this.client.read(key);
    } catch (error) {
      if (!isInstance(error, NotBytesError)) throw error;
      return isTidemarkKey(key) ? new Uint8Array() : undefined;
    }
  }

  async *#keysOf(folder: string): AsyncIterableIterator<TaskKey> {
    for await (const key of this.client.keys(`${folder}/`)) if (isRecordKey(key)) yield key as TaskKey;
  }
}

/** Loaded with the first store that has a folder for task directories. */
function openDirectoryStore({ folder }: StoreAdapter): TaskDirectoryStore | undefined {
  if (folder === undefined) return undefined;
  const { TaskDirectoryStore: Directories } =
    require('./directories/task-directory-store') as typeof import('./directories/task-directory-store');
  return new Directories(folder);
}
