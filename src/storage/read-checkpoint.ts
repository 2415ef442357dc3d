import { setTimeout as wait } from 'node:timers/promises';
import { type Awaitable, andThen } from '../base/awaitable';
import { isInstance } from '../base/describe-error';
import type { Bytes, Encoder } from '../encoding/encoder';
import type { TaskKey } from '../task/context';
import {
  DamagedCheckpointError,
  GoneCheckpointError,
  UnencryptedCheckpointError,
  UnreadableCheckpointError,
} from './errors';
import { decodeEntry } from './format/entry-format';
import type { StoredCheckpoint } from './format/stored-checkpoint';
import { defaultMaxResultSize, type StorageOptions } from './options';
import { decodeResult, decryptFields, IncrementalDigest, type SerializedValue, unpackResult } from './result-codec';
import type { StoreClient } from './store-client';
import { blobKey } from './write-checkpoint';

/** How often large bytes are looked for before they count as lost. */
const looksForBytes = 3;

/** Reads the checkpoints of one store. */
export class CheckpointReader {
  readonly #entries: StoreClient;
  readonly #encoderFor: (ofTask: Encoder | undefined) => Encoder;
  readonly #allowsPlain: boolean;
  readonly #maxResultSize: number;

  /** @param encoderFor what encodes the results of tasks with such an encoder in this store */
  constructor(
    entries: StoreClient,
    encoderFor: (ofTask: Encoder | undefined) => Encoder,
    { encryption, maxResultSize = defaultMaxResultSize }: StorageOptions,
  ) {
    this.#entries = entries;
    this.#encoderFor = encoderFor;
    this.#allowsPlain = encryption === 'allow-plain';
    this.#maxResultSize = maxResultSize;
  }

  /**
   * The checkpoint of a key.
   *
   * @throws {StorageError | DamagedCheckpointError | UnreadableCheckpointError | UnencryptedCheckpointError}
   */
  find(key: TaskKey, ofTask: Encoder | undefined): Awaitable<StoredCheckpoint | undefined> {
    return andThen(this.#entries.readSmall(key), (bytes) => {
      if (bytes === undefined) return undefined;
      const read = decodeEntry(bytes, key);
      if (read.state === 'damaged') throw new DamagedCheckpointError(key, read.problem);
      if (read.state === 'unreadable') throw new UnreadableCheckpointError(key, read.problem);
      if (read.state === 'outdated') return undefined;
      const { entry } = read;
      const encoder = this.#encoderFor(ofTask);
      if (entry.encrypter !== undefined) return decryptFields(entry, encoder);
      if (this.isTrusted(entry, encoder)) return entry;
      throw new UnencryptedCheckpointError(key, this.#entries.location);
    });
  }

  /** Whether an entry is encrypted where it has to be. */
  isTrusted({ encrypter }: StoredCheckpoint, { encryption }: Encoder): boolean {
    return encrypter !== undefined || encryption === null || this.#allowsPlain;
  }

  /** What a checkpoint that was found holds, as it was serialised; its digest is checked. @throws what `find` throws */
  read(entry: StoredCheckpoint, ofTask: Encoder | undefined): Awaitable<SerializedValue> {
    const isBeside = entry.bytes === undefined && entry.blob !== undefined;
    const digest = isBeside && isAsItWas(entry) ? new IncrementalDigest() : undefined;
    const kept = isBeside ? this.#entries.read(blobKey(entry), digest?.add) : entry.bytes;
    return andThen(kept, (bytes) => {
      return bytes === undefined ? this.#readAgain(entry, ofTask) : this.#encodingOf(entry, bytes, ofTask, digest);
    });
  }

  /** The value of a checkpoint that was found. @throws what `find` throws */
  load(entry: StoredCheckpoint, ofTask: Encoder | undefined): Awaitable<unknown> {
    return andThen(this.read(entry, ofTask), (encoding) => decodeResult(entry, encoding, this.#encoderFor(ofTask)));
  }

  /** Whether a checkpoint is there that is not what was saved, as far as that is known without its task's encoder. */
  async isDamaged(key: TaskKey): Promise<boolean> {
    try {
      const entry = await this.find(key, undefined);
      if (entry !== undefined) await this.read(entry, undefined);
      return false;
    } catch (error) {
      return !isInstance(error, GoneCheckpointError);
    }
  }

  /** An entry with what is encrypted in it, when the key to that is here. @throws {DamagedCheckpointError} */
  async decryptIfPossible(entry: StoredCheckpoint): Promise<StoredCheckpoint> {
    if (entry.encrypter === undefined) return entry;
    try {
      return await decryptFields(entry, this.#encoderFor(undefined));
    } catch (error) {
      if (isInstance(error, DamagedCheckpointError)) throw error;
      // Its key is not here: what is not encrypted can be listed all the same.
      return entry;
    }
  }

  #encodingOf(
    entry: StoredCheckpoint,
    bytes: Bytes,
    ofTask: Encoder | undefined,
    digest?: IncrementalDigest,
  ): Awaitable<SerializedValue> {
    if (entry.compressor !== undefined && entry.plainSize > this.#maxResultSize)
      throw new UnreadableCheckpointError(
        entry.key,
        `its ${entry.size} bytes are to be decompressed to ${entry.plainSize}, and ${this.#entries.location} takes ${this.#maxResultSize} at most; open it with a larger maxResultSize if that is right, or delete the checkpoint`,
      );
    return andThen(unpackResult(entry, bytes, this.#encoderFor(ofTask), digest), (plain) => ({
      serializer: entry.serializer,
      format: entry.format,
      bytes: plain,
      digest: entry.digest,
      isView: plain === bytes && !this.#entries.copies,
    }));
  }

  /** Reads a checkpoint whose bytes were let go to save memory, or are gone: what is there now may be newer. */
  async #readAgain(before: StoredCheckpoint, ofTask: Encoder | undefined): Promise<SerializedValue> {
    const { key } = before;
    for (let looks = 1; ; looks++) {
      this.#entries.refresh();
      const now = await this.find(key, ofTask);
      if (now === undefined) throw new GoneCheckpointError(key);
      if (now.blob === undefined || now.blob !== before.blob) return this.read(now, ofTask);
      const bytes = await this.#entries.read(blobKey(now));
      if (bytes !== undefined) return this.#encodingOf(now, bytes, ofTask);
      if (looks === looksForBytes) throw new DamagedCheckpointError(key, 'its bytes are not there');
      // Other processes may be replacing both just now.
      await wait(10);
    }
  }
}

/** Whether the bytes that are kept are those of the serialised result, neither compressed nor encrypted. */
function isAsItWas({ compressor, encrypter }: StoredCheckpoint): boolean {
  return compressor === undefined && encrypter === undefined;
}
