import { createHash, hash } from 'node:crypto';
import { type Awaitable, andThen, isPromiseLike, rescue } from '../base/awaitable';
import { describeError, isInstance } from '../base/describe-error';
import { jsonText } from '../base/json-text';
import type { Bytes, Encoder, Serialization } from '../encoding/encoder';
import { CannotDecodeError } from '../encoding/errors';
import { pack, unpack } from '../encoding/packing';
import { findSerialization } from '../encoding/serialization/find-serialization';
import type { TaskKey } from '../task/context';
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

/** A result as bytes, before compression and encryption. */
export interface SerializedValue {
  /** The id of the serialization, and the format it chose. */
  readonly serializer: string;
  readonly format: string;
  readonly bytes: Bytes;
  readonly digest: string;
  /** The bytes are a view of memory that other code uses, and may change or keep. */
  readonly isView: boolean;
  /** The same bytes compressed, if the producer compressed them; null if compression did not pay. */
  readonly compressed?: { readonly compressor: string; readonly bytes: Bytes } | null | undefined;
  /** The names of the task directories in the result; undefined if it has none. */
  readonly directories?: readonly string[] | undefined;
}

/** A result in each form in which a store writes it: nearly always one. The digest of the first identifies it. */
export interface EncodedForms {
  readonly digest: string;
  readonly bySerialization: readonly (readonly [Serialization, SerializedValue])[];
}

/** Identifies a serialised result. The bytes of a typed array do not tell its class, so the format is part of it. */
export function resultDigest(bytes: Bytes, format: string): string {
  return withFormat(hash('sha256', bytes, 'hex'), format);
}

/** The digest of bytes that arrive in parts: most of the work is done while the rest is being read. */
export class IncrementalDigest {
  readonly #hash = createHash('sha256');
  #length = 0;

  readonly add = (part: Bytes): void => {
    this.#hash.update(part);
    this.#length += part.byteLength;
  };

  /** @param bytes all bytes: they are hashed again if some did not arrive in parts */
  finish(bytes: Bytes, format: string): string {
    return this.#length === bytes.byteLength
      ? withFormat(this.#hash.digest('hex'), format)
      : resultDigest(bytes, format);
  }
}

function withFormat(digest: string, format: string): string {
  return format.startsWith('raw:') ? hash('sha256', `${format} ${digest}`, 'hex') : digest;
}

/** @throws {UnsupportedValueError} when the value would come back different */
export function serializeResult(value: unknown, serialization: Serialization): Awaitable<SerializedValue> {
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

/** Compresses a result, unless its producer did, and encrypts it. */
export function packResult(
  { bytes, compressed }: SerializedValue,
  encoder: Encoder,
  key: TaskKey,
): ReturnType<typeof pack> {
  const { compression } = encoder;
  if (compressed === undefined || !compression || (compressed && compressed.compressor !== compression.id))
    return pack(bytes, encoder, key);
  return andThen(pack(compressed?.bytes ?? bytes, { ...encoder, compression: null }, key), (packed) => ({
    bytes: packed.bytes,
    packing: { ...packed.packing, compressor: compressed?.compressor },
  }));
}

/**
 * Decrypts and decompresses the bytes of a checkpoint, and verifies their digest.
 *
 * @param digest the digest of the stored bytes, if it was computed while they were read
 * @throws {DamagedCheckpointError} when they are not the bytes that were saved
 * @throws {UnreadableCheckpointError} when they need a key or a compression that is not here
 */
export function unpackResult(
  checkpoint: StoredCheckpoint,
  stored: Bytes,
  encoder: Encoder,
  digest?: IncrementalDigest,
): Awaitable<Bytes> {
  const { key, size, compressor, encrypter, plainSize } = checkpoint;
  if (stored.byteLength !== size)
    throw new DamagedCheckpointError(key, `it has ${stored.byteLength} bytes where ${size} were saved`);
  if (compressor === undefined && encrypter === undefined) return verified(checkpoint, stored, digest);
  return rescue(
    () => andThen(unpack(stored, checkpoint, [encoder], key, plainSize), (plain) => verified(checkpoint, plain)),
    (error) => {
      throw toCheckpointError(checkpoint, error, 'its bytes cannot be unpacked');
    },
  );
}

/**
 * The value of a serialised result.
 *
 * @throws {UnreadableCheckpointError} when it cannot be decoded here
 */
export function decodeResult(
  checkpoint: StoredCheckpoint,
  { bytes, format, isView }: SerializedValue,
  encoder: Encoder,
): Awaitable<unknown> {
  try {
    const deserialize = () =>
      findSerialization(checkpoint.serializer, format, [encoder]).deserialize(bytes, format, !isView);
    // A temporary result names its directories by path, not by their name in the store.
    const value = isTemporary(checkpoint) ? deserialize() : decodeFromStorage(deserialize);
    return isPromiseLike(value) ? value.then(undefined, (error) => failDecoding(checkpoint, format, error)) : value;
  } catch (error) {
    return failDecoding(checkpoint, format, error);
  }
}

function failDecoding(checkpoint: StoredCheckpoint, format: string, cause: unknown): never {
  if (isInstance(cause, CannotDecodeError) || isInstance(cause, ForeignDirectoryError))
    throw toCheckpointError(checkpoint, cause, '');
  // The bytes are verified, so this process cannot read them: it runs another version of Node, for example.
  throw new UnreadableCheckpointError(
    checkpoint.key,
    `its bytes are whole, but decoding them as ${checkpoint.serializer} (${format}) failed (${describeError(cause)}); it was saved by ${checkpoint.savedBy}. Clear it, or use the version of Node that it was saved with`,
    { cause },
  );
}

/**
 * Encrypts the fields of a record that only owners of the key may read, as base64. The digests in them vouch for the
 * head of the record and for the bytes of the result.
 */
export function encryptFields(
  { key, params, requires, digest, refs }: CheckpointRecord,
  head: string,
  { encryption }: Encoder,
): Awaitable<string> {
  const fields: EncryptedFields = { params, requires, digest, refs, head: headDigest(head, 'utf8') };
  const encrypted = encryption!.encrypt(Buffer.from(jsonText(fields)), placeOfFields(key));
  return andThen(encrypted, (bytes) => Buffer.from(bytes).toString('base64'));
}

/**
 * Decrypts the encrypted fields of a record, and verifies that the rest of it was saved with them.
 *
 * @throws {UnreadableCheckpointError} when the key is not here
 * @throws {DamagedCheckpointError} when the record is not the one that was saved
 */
export function decryptFields(checkpoint: StoredCheckpoint, { encryption }: Encoder): Awaitable<StoredCheckpoint> {
  const { key, encrypter, keyId } = checkpoint;
  if (!encryption || encryption.id !== encrypter || !encryption.canDecrypt(keyId))
    throw new UnreadableCheckpointError(
      key,
      `it is encrypted (${encrypter}${keyId === undefined ? '' : `, key ${keyId}`}), and ${encryption ? 'that key is not among those given' : 'no key was given'}; open the storage with an encoder that has it`,
    );
  const decrypt = () => {
    const encrypted = Buffer.from(checkpoint.encryptedFields ?? '', 'base64');
    return andThen(encryption.decrypt(encrypted, placeOfFields(key), keyId), (bytes) => {
      const fields: EncryptedFields = JSON.parse(Buffer.from(bytes).toString());
      if (fields.head !== headDigest(checkpoint.head, 'latin1'))
        throw new DamagedCheckpointError(key, 'its record is not the one that was encrypted: it was changed since');
      checkpoint.privateFields = fields;
      return checkpoint;
    });
  };
  return rescue(decrypt, (error) => {
    throw toCheckpointError(checkpoint, error, 'its record cannot be decrypted');
  });
}

/** Differs from the place of the result, so that the two cannot be swapped. */
function placeOfFields(key: string): string {
  return `${key} record`;
}

function verified(checkpoint: StoredCheckpoint, plain: Bytes, digest?: IncrementalDigest): Bytes {
  const { key, format } = checkpoint;
  if ((digest ? digest.finish(plain, format) : resultDigest(plain, format)) === checkpoint.digest) return plain;
  throw new DamagedCheckpointError(key, 'its bytes are not those that were saved (SHA-256 differs)');
}

/** The entry carries a value from one process to another, instead of a checkpoint. */
function isTemporary({ key }: StoredCheckpoint): boolean {
  return key.startsWith('@passing/');
}

function toCheckpointError({ key }: StoredCheckpoint, error: unknown, problem: string): Error {
  if (isInstance(error, ForeignDirectoryError)) return new DamagedCheckpointError(key, error.message, { cause: error });
  if (isInstance(error, DamagedCheckpointError)) return error;
  if (isInstance(error, CannotDecodeError)) return new UnreadableCheckpointError(key, error.message, { cause: error });
  return new DamagedCheckpointError(key, `${problem} (${describeError(error)})`, { cause: error });
}
