import { createHash, hash } from 'node:crypto';
import { type Awaitable, andThen, isPromiseLike } from '../base/awaitable';
import { describeError, isInstance } from '../base/describe-error';
import { jsonText } from '../base/json-text';
import type { Bytes, Encoder, Serialization } from '../encoding/encoder';
import { CannotDecodeError } from '../encoding/errors';
import { unpack } from '../encoding/packing';
import { findSerialization } from '../encoding/serialization/find-serialization';
import { TaskDirectory } from '../task/directory';
import {
  type DirectoryPaths,
  decodeFromStorage,
  encodeForStorage,
  ForeignDirectoryError,
} from './directories/encode-directory';
import { DamagedCheckpointError, UnreadableCheckpointError } from './errors';
import { headDigest } from './format/entry-format';
import type { CheckpointRecord, EncryptedFields } from './format/record';
import type { StoredCheckpoint } from './format/stored-checkpoint';

/** What identifies a serialised result. Bytes that are a typed array as they are do not tell of which class. */
export function resultDigest(bytes: Bytes, format: string): string {
  return withFormat(hash('sha256', bytes, 'hex'), format);
}

/** The digest of bytes that come in parts: most of it is done while the rest is still being read. */
export class IncrementalDigest {
  readonly #hash = createHash('sha256');
  #length = 0;

  readonly add = (part: Bytes): void => {
    this.#hash.update(part);
    this.#length += part.byteLength;
  };

  /** @param bytes all of them; when not all came in parts, they are gone through again */
  finish(bytes: Bytes, format: string): string {
    return this.#length === bytes.byteLength
      ? withFormat(this.#hash.digest('hex'), format)
      : resultDigest(bytes, format);
  }
}

function withFormat(digest: string, format: string): string {
  return format.startsWith('raw:') ? hash('sha256', `${format} ${digest}`, 'hex') : digest;
}

/** A result as bytes, before compression and encryption. */
export interface SerializedValue {
  /** The id of the serialization, and which of its formats it chose. */
  readonly serializer: string;
  readonly format: string;
  readonly bytes: Bytes;
  readonly digest: string;
  /** Whether the bytes are memory that others use, and may change or keep. */
  readonly isView: boolean;
  /** The same bytes compressed, where that was done already; null when it did not pay. */
  readonly compressed?: { readonly compressor: string; readonly bytes: Bytes } | null | undefined;
  /** The names of the task directories in it, when there are any. */
  readonly directories?: readonly string[] | undefined;
}

/** A result in the forms in which layers want it: nearly always one. The first one's digest identifies it. */
export interface EncodedForms {
  readonly digest: string;
  readonly bySerialization: readonly (readonly [Serialization, SerializedValue])[];
}

/** @throws {UnsupportedValueError} when the value would come back different */
export function encodeResult(value: unknown, serializations: readonly Serialization[]): Awaitable<EncodedForms> {
  if (serializations.length === 1) {
    const [one] = serializations as [Serialization];
    return andThen(encodeWith(value, one), (encoding) => ({
      digest: encoding.digest,
      bySerialization: [[one, encoding]],
    }));
  }
  return encodeWithAll(value, serializations);
}

async function encodeWithAll(value: unknown, serializations: readonly Serialization[]): Promise<EncodedForms> {
  const encodings: [Serialization, SerializedValue][] = [];
  for (const one of serializations) encodings.push([one, await encodeWith(value, one)]);
  return { digest: encodings[0]![1].digest, bySerialization: encodings };
}

function encodeWith(value: unknown, serialization: Serialization): Awaitable<SerializedValue> {
  const directories: DirectoryPaths | undefined = TaskDirectory.isInUse ? new Map() : undefined;
  const serialized = directories
    ? encodeForStorage(directories, () => serialization.serialize(value))
    : serialization.serialize(value);
  return andThen(serialized, ({ bytes, format, isView = false }) => ({
    serializer: serialization.id,
    format,
    bytes,
    digest: resultDigest(bytes, format),
    isView,
    directories: directories && [...directories.keys()],
  }));
}

/**
 * The serialised result of an entry, of the bytes that are kept. Its digest is checked.
 *
 * @param digest that of the bytes that are kept, when it was taken while they were read
 * @throws {DamagedCheckpointError} when the bytes are not those that were saved
 * @throws {UnreadableCheckpointError} when they need something that is not here
 */
export function unpackResult(
  entry: StoredCheckpoint,
  kept: Bytes,
  encoder: Encoder,
  digest?: IncrementalDigest,
): Awaitable<Bytes> {
  if (kept.byteLength !== entry.size)
    throw new DamagedCheckpointError(entry.key, `it has ${kept.byteLength} bytes where ${entry.size} were saved`);
  if (entry.compressor === undefined && entry.encrypter === undefined) return checked(entry, kept, digest);
  return attempt(
    () => andThen(unpack(kept, entry, [encoder], entry.key, entry.plainSize), (plain) => checked(entry, plain)),
    (error) => failure(entry, error, 'its bytes cannot be unpacked'),
  );
}

/**
 * The value of a serialised result.
 *
 * @throws {UnreadableCheckpointError} when it cannot be decoded here
 */
export function decodeResult(
  entry: StoredCheckpoint,
  { bytes, format, isView }: SerializedValue,
  encoder: Encoder,
): Awaitable<unknown> {
  const read = () => findSerialization(entry.serializer, format, [encoder]).deserialize(bytes, format, !isView);
  return attempt(
    // What is handed over by way of the storage says itself where directories are.
    () => (isPassed(entry) ? read() : decodeFromStorage(read)),
    (cause) =>
      isInstance(cause, CannotDecodeError) || isInstance(cause, ForeignDirectoryError)
        ? failure(entry, cause, '')
        : // The bytes are right, so it is this process that cannot read them: another version of Node, say.
          new UnreadableCheckpointError(
            entry.key,
            `its bytes are whole, but decoding them as ${entry.serializer} (${format}) failed (${describeError(cause)}); it was saved by ${entry.savedBy}. Clear it, or use the version of Node that it was saved with`,
            { cause },
          ),
  );
}

/**
 * What a record says that only those with the key are to know, encrypted, as base64. By the digests in it, it vouches
 * for the head of the record and for the bytes of the result.
 */
export function encryptFields(
  { key, params, requires, digest, refs }: CheckpointRecord,
  head: string,
  { encryption }: Encoder,
): Awaitable<string> {
  const facts: EncryptedFields = { params, requires, digest, refs, head: headDigest(head, 'utf8') };
  const sealed = encryption!.encrypt(Buffer.from(jsonText(facts)), placeOfFacts(key));
  return andThen(sealed, (bytes) => Buffer.from(bytes).toString('base64'));
}

/**
 * Decrypts what a record says in secret, and checks that the rest of it was saved with that.
 *
 * @throws {UnreadableCheckpointError} when the key to it is not here
 * @throws {DamagedCheckpointError} when it is not what was saved
 */
export function decryptFields(entry: StoredCheckpoint, { encryption }: Encoder): Awaitable<StoredCheckpoint> {
  const { key, encrypter, keyId } = entry;
  if (!encryption || encryption.id !== encrypter || !encryption.canDecrypt(keyId))
    throw new UnreadableCheckpointError(
      key,
      `it is encrypted (${encrypter}${keyId === undefined ? '' : `, key ${keyId}`}), and ${encryption ? 'that key is not among those given' : 'no key was given'}; open the storage with an encoder that has it`,
    );
  const read = () => {
    const sealed = Buffer.from(entry.encryptedFields ?? '', 'base64');
    return andThen(encryption.decrypt(sealed, placeOfFacts(key), keyId), (bytes) => {
      const facts: EncryptedFields = JSON.parse(Buffer.from(bytes).toString());
      if (facts.head !== headDigest(entry.head, 'latin1'))
        throw new DamagedCheckpointError(key, 'its record is not the one that was encrypted: it was changed since');
      entry.privateFields = facts;
      return entry;
    });
  };
  return attempt(read, (error: unknown) => failure(entry, error, 'its record cannot be decrypted'));
}

/** Other than the place of the result, so that the two cannot be swapped. */
function placeOfFacts(key: string): string {
  return `${key} record`;
}

function checked(entry: StoredCheckpoint, plain: Bytes, digest?: IncrementalDigest): Bytes {
  const { format } = entry;
  if ((digest ? digest.finish(plain, format) : resultDigest(plain, format)) === entry.digest) return plain;
  throw new DamagedCheckpointError(entry.key, 'its bytes are not those that were saved (SHA-256 differs)');
}

/** Whether the entry carries a value from one process to another, instead of a checkpoint. */
function isPassed({ key }: StoredCheckpoint): boolean {
  return key.startsWith('@passing/');
}

function failure({ key }: StoredCheckpoint, error: unknown, problem: string): Error {
  if (isInstance(error, ForeignDirectoryError)) return new DamagedCheckpointError(key, error.message, { cause: error });
  if (isInstance(error, DamagedCheckpointError)) return error;
  if (isInstance(error, CannotDecodeError)) return new UnreadableCheckpointError(key, error.message, { cause: error });
  return new DamagedCheckpointError(key, `${problem} (${describeError(error)})`, { cause: error });
}

function attempt<T>(call: () => Awaitable<T>, toError: (error: unknown) => Error): Awaitable<T> {
  const fail = (error: unknown): never => {
    throw toError(error);
  };
  try {
    const result = call();
    return isPromiseLike(result) ? result.then(undefined, fail) : result;
  } catch (error) {
    return fail(error);
  }
}
