import { type Awaitable, andThen } from '../awaitable';
import { describeError, isInstance } from '../base/describe-error';
import { TidemarkError } from '../error';
import { CannotDecodeError } from './cannot-decode-error';
import { best, builtInCompression } from './compressors/built-in';
import type { Bytes, Compression, Encoder, Encryption } from './encoder';
import { rescue } from './rescue';

/** What was done to serialized bytes. Records keep it, since not all that was asked for is always done. */
export interface Packing {
  /** Undefined when compressing did not pay. */
  readonly compressor: string | undefined;
  readonly encrypter: string | undefined;
  /** The key that they were encrypted with. */
  readonly keyId: string | undefined;
}

/** A file takes this much of a disk anyway. */
const LEAST_BYTES = 4 * 1024;
/** Compressed bytes are kept when they are at most so much of what they were. */
const MOST_KEPT = 0.9;
/** From this size on, samples are compressed first. */
const SAMPLED_BYTES = 256 * 1024;
const SAMPLES = 4;
const SAMPLE_BYTES = 16 * 1024;
/** Samples miss what repeats far away, so they need not gain quite as much. */
const MOST_KEPT_OF_SAMPLES = 0.92;

const NOTHING: Packing = Object.freeze({ compressor: undefined, encrypter: undefined, keyId: undefined });

/**
 * Makes serialized bytes smaller, where that pays, and unreadable for others.
 *
 * @param place - Where they will be: encryption binds them to it.
 */
export function pack(
  bytes: Bytes,
  { compression, encryption }: Encoder,
  place: string,
): Awaitable<{ readonly bytes: Bytes; readonly packing: Packing }> {
  const smaller = compression === null || bytes.byteLength < LEAST_BYTES ? undefined : compress(bytes, compression);
  return andThen(smaller, (compressed) => {
    const packing =
      compressed === undefined || compression === null ? NOTHING : { ...NOTHING, compressor: compression.id };
    if (encryption === null) return { bytes: compressed ?? bytes, packing };
    const { id, keyId } = encryption;
    return andThen(encryption.encrypt(compressed ?? bytes, place), (encrypted) => ({
      bytes: encrypted,
      packing: { ...packing, encrypter: id, keyId },
    }));
  });
}

/**
 * Reverses `pack`.
 *
 * @param encoders - Whose keys and compressors may be used; what is built in is used without them.
 * @param plainSize - How many bytes come out. More or fewer are damage, and more are not even made.
 * @throws {CannotDecodeError} when a key or a compressor is missing here
 * @throws {Error} when the bytes are damaged, or are not those of this place
 */
export function unpack(
  bytes: Bytes,
  { compressor, encrypter, keyId }: Packing,
  encoders: readonly Encoder[],
  place: string,
  plainSize?: number,
): Awaitable<Bytes> {
  const compression = compressor === undefined ? undefined : compressionOf(compressor, encoders);
  const decrypted =
    encrypter === undefined ? bytes : encryptionOf(encrypter, keyId, encoders).decrypt(bytes, place, keyId);
  return compression === undefined
    ? decrypted
    : andThen(decrypted, (compressed) => decompress(compressed, compression, plainSize));
}

/** The compressed bytes, or undefined when they are not much smaller. */
function compress(bytes: Bytes, compression: Compression): Awaitable<Bytes | undefined> {
  const whole = () =>
    andThen(compression.compress(bytes), (compressed) =>
      compressed.byteLength <= bytes.byteLength * MOST_KEPT ? compressed : undefined,
    );
  if (bytes.byteLength < SAMPLED_BYTES) return whole();
  const samples = samplesOf(bytes);
  return andThen(compression.compress(samples), (compressed) =>
    compressed.byteLength <= samples.byteLength * MOST_KEPT_OF_SAMPLES ? whole() : undefined,
  );
}

function samplesOf(bytes: Bytes): Bytes {
  const samples = new Uint8Array(SAMPLES * SAMPLE_BYTES);
  const distance = Math.floor((bytes.byteLength - SAMPLE_BYTES) / (SAMPLES - 1));
  for (let i = 0; i < SAMPLES; i++) {
    samples.set(bytes.subarray(i * distance, i * distance + SAMPLE_BYTES), i * SAMPLE_BYTES);
  }
  return samples;
}

function decompress(bytes: Bytes, compression: Compression, size: number | undefined): Awaitable<Bytes> {
  const plain = rescue(
    () => compression.decompress(bytes, size),
    (cause) => {
      if (isInstance(cause, CannotDecodeError)) throw cause;
      throw new TidemarkError(`decompressing it with ${compression.id} failed (${describeError(cause)})`, { cause });
    },
  );
  return andThen(plain, (result) => {
    if (size === undefined || result.byteLength === size) return result;
    throw new TidemarkError(`${compression.id} made ${result.byteLength} bytes of it where there were ${size}`);
  });
}

function compressionOf(id: string, encoders: readonly Encoder[]): Compression {
  // Asking the usual one for its id would load what it may not need.
  const given = encoders.find(
    ({ compression }) => compression !== null && compression !== best && compression.id === id,
  );
  if (given?.compression) return given.compression;
  return builtInCompression(id);
}

function encryptionOf(id: string, keyId: string | undefined, encoders: readonly Encoder[]): Encryption {
  const all = encoders.map(({ encryption }) => encryption).filter((one) => one?.id === id) as Encryption[];
  const found = all.find((one) => one.canDecrypt(keyId));
  if (found !== undefined) return found;
  throw new CannotDecodeError(
    all.length > 0
      ? `it was encrypted with the key ${keyId}, which is not among the keys here`
      : `it was encrypted with ${id}${keyId === undefined ? '' : ` and the key ${keyId}`}; give the storage an encoder with that encrypter and key`,
  );
}
