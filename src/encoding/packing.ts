import { type Awaitable, andThen, rescue } from '../base/awaitable';
import { describeError, isInstance } from '../base/describe-error';
import { TidemarkError } from '../base/error';
import { best, builtInCompression } from './compression/built-in';
import type { Bytes, Compression, Encoder, Encryption } from './encoder';
import { CannotDecodeError } from './errors';

/** How serialized bytes were packed. Records store it, since compression is skipped when it does not pay. */
interface Packing {
  /** Undefined when compression did not pay. */
  readonly compressor: string | undefined;
  readonly encrypter: string | undefined;
  /** The id of the key that encrypted them. */
  readonly keyId: string | undefined;
}

/** Smaller bytes are not compressed: a file uses this much of a disk anyway. */
const minBytes = 4 * 1024;
/** Compressed bytes are used when they are at most this part of the original size. */
const maxRatio = 0.9;
/** Size from which samples are compressed first. */
const sampledBytes = 256 * 1024;
const sampleCount = 4;
const sampleBytes = 16 * 1024;
/** The same limit for samples, which miss distant repetitions. */
const maxSampleRatio = 0.92;

const noPacking: Packing = Object.freeze({ compressor: undefined, encrypter: undefined, keyId: undefined });

/**
 * Compresses serialized bytes, where that pays, and encrypts them.
 *
 * @param place where the bytes are stored: encryption binds them to it
 */
export function pack(
  bytes: Bytes,
  { compression, encryption }: Encoder,
  place: string,
): Awaitable<{ readonly bytes: Bytes; readonly packing: Packing }> {
  const smaller = compression === null || bytes.byteLength < minBytes ? undefined : compress(bytes, compression);
  return andThen(smaller, (compressed) => {
    const packing =
      compressed === undefined || compression === null ? noPacking : { ...noPacking, compressor: compression.id };
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
 * @param encoders encoders with the keys and compressors to use; built-in compressors need none
 * @param plainSize number of bytes of the result. Any other number is damage, and no more are produced.
 * @throws {CannotDecodeError} when a key or a compressor is missing
 * @throws {Error} when the bytes are damaged, or belong to another place
 */
export function unpack(
  bytes: Bytes,
  { compressor, encrypter, keyId }: Packing,
  encoders: readonly Encoder[],
  place: string,
  plainSize?: number,
): Awaitable<Bytes> {
  const compression = compressor === undefined ? undefined : findCompression(compressor, encoders);
  const decrypted =
    encrypter === undefined ? bytes : findEncryption(encrypter, keyId, encoders).decrypt(bytes, place, keyId);
  return compression === undefined
    ? decrypted
    : andThen(decrypted, (compressed) => decompress(compressed, compression, plainSize));
}

/** The compressed bytes; undefined when they are not much smaller. */
function compress(bytes: Bytes, compression: Compression): Awaitable<Bytes | undefined> {
  const whole = () =>
    andThen(compression.compress(bytes), (compressed) =>
      compressed.byteLength <= bytes.byteLength * maxRatio ? compressed : undefined,
    );
  if (bytes.byteLength < sampledBytes) return whole();
  const samples = sample(bytes);
  return andThen(compression.compress(samples), (compressed) =>
    compressed.byteLength <= samples.byteLength * maxSampleRatio ? whole() : undefined,
  );
}

function sample(bytes: Bytes): Bytes {
  const samples = new Uint8Array(sampleCount * sampleBytes);
  const distance = Math.floor((bytes.byteLength - sampleBytes) / (sampleCount - 1));
  for (let i = 0; i < sampleCount; i++) {
    samples.set(bytes.subarray(i * distance, i * distance + sampleBytes), i * sampleBytes);
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
    throw new TidemarkError(
      `decompressing it with ${compression.id} gave ${result.byteLength} bytes instead of ${size}`,
    );
  });
}

function findCompression(id: string, encoders: readonly Encoder[]): Compression {
  // The default one is skipped: reading its id would load compressors that may not be needed.
  const given = encoders.find(
    ({ compression }) => compression !== null && compression !== best && compression.id === id,
  );
  return given?.compression ?? builtInCompression(id);
}

function findEncryption(id: string, keyId: string | undefined, encoders: readonly Encoder[]): Encryption {
  const all = encoders.map(({ encryption }) => encryption).filter((one) => one?.id === id) as Encryption[];
  const found = all.find((one) => one.canDecrypt(keyId));
  if (found !== undefined) return found;
  throw new CannotDecodeError(
    all.length > 0
      ? `it was encrypted with the key ${keyId}, which this encoder does not have`
      : `it was encrypted with ${id}${keyId === undefined ? '' : ` and the key ${keyId}`}; give the storage an encoder with that encrypter and key`,
  );
}
