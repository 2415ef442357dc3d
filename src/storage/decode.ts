import { type Awaitable, andThen, isPromiseLike } from '../awaitable';
import { describeError, isInstance } from '../base/describe-error';
import { jsonText } from '../base/json-text';
import { CannotDecodeError } from '../encoding/cannot-decode-error';
import type { Bytes, Encoder } from '../encoding/encoder';
import { serializationFor } from '../encoding/find-serialization';
import { unpack } from '../encoding/packing';
import { DamagedCheckpointError, UnreadableCheckpointError } from './checkpoint-error';
import { type DigestOfParts, digestOf } from './digest';
import { decodedFromStore, ForeignDirectoryError } from './directories/saved-form';
import type { Encoding } from './encode';
import type { Entry } from './entry';
import { headDigest } from './entry-format';
import type { CheckpointRecord, SealedFacts } from './record';

/**
 * The serialised result of an entry, of the bytes that are kept. Its digest is checked.
 *
 * @param digest that of the bytes that are kept, when it was taken while they were read
 * @throws {DamagedCheckpointError} when the bytes are not those that were saved
 * @throws {UnreadableCheckpointError} when they need something that is not here
 */
export function plainBytesOf(entry: Entry, kept: Bytes, encoder: Encoder, digest?: DigestOfParts): Awaitable<Bytes> {
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
export function decode(entry: Entry, { bytes, format, isView }: Encoding, encoder: Encoder): Awaitable<unknown> {
  const read = () => serializationFor(entry.serializer, format, [encoder]).deserialize(bytes, format, !isView);
  return attempt(
    // What is handed over by way of the storage says itself where directories are.
    () => (isPassed(entry) ? read() : decodedFromStore(read)),
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
export function seal(
  { key, params, requires, digest, refs }: CheckpointRecord,
  head: string,
  { encryption }: Encoder,
): Awaitable<string> {
  const facts: SealedFacts = { params, requires, digest, refs, head: headDigest(head, 'utf8') };
  const sealed = encryption!.encrypt(Buffer.from(jsonText(facts)), placeOfFacts(key));
  return andThen(sealed, (bytes) => Buffer.from(bytes).toString('base64'));
}

/**
 * Decrypts what a record says in secret, and checks that the rest of it was saved with that.
 *
 * @throws {UnreadableCheckpointError} when the key to it is not here
 * @throws {DamagedCheckpointError} when it is not what was saved
 */
export function reveal(entry: Entry, { encryption }: Encoder): Awaitable<Entry> {
  const { key, encrypter, keyId } = entry;
  if (!encryption || encryption.id !== encrypter || !encryption.canDecrypt(keyId))
    throw new UnreadableCheckpointError(
      key,
      `it is encrypted (${encrypter}${keyId === undefined ? '' : `, key ${keyId}`}), and ${encryption ? 'that key is not among those given' : 'no key was given'}; open the storage with an encoder that has it`,
    );
  const read = () => {
    const sealed = Buffer.from(entry.sealed ?? '', 'base64');
    return andThen(encryption.decrypt(sealed, placeOfFacts(key), keyId), (bytes) => {
      const facts: SealedFacts = JSON.parse(Buffer.from(bytes).toString());
      if (facts.head !== headDigest(entry.head, 'latin1'))
        throw new DamagedCheckpointError(key, 'its record is not the one that was encrypted: it was changed since');
      entry.revealed = facts;
      return entry;
    });
  };
  return attempt(read, (error: unknown) => failure(entry, error, 'its record cannot be decrypted'));
}

/** Other than the place of the result, so that the two cannot be swapped. */
function placeOfFacts(key: string): string {
  return `${key} record`;
}

function checked(entry: Entry, plain: Bytes, digest?: DigestOfParts): Bytes {
  const { format } = entry;
  if ((digest ? digest.of(plain, format) : digestOf(plain, format)) === entry.digest) return plain;
  throw new DamagedCheckpointError(entry.key, 'its bytes are not those that were saved (SHA-256 differs)');
}

/** Whether the entry carries a value from one process to another, instead of a checkpoint. */
function isPassed({ key }: Entry): boolean {
  return key.startsWith('@passing/');
}

function failure({ key }: Entry, error: unknown, problem: string): Error {
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
