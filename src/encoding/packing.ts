import { type Awaitable, andThen, rescue } from '../base/awaitable';
import { describeError, isInstance } from '../base/describe-error';
import { TidemarkError } from '../base/error';
import { best, builtInCompression } from './compression/built-in';
import type { Bytes, Compression, Encoder, Encryption } from './encoder';
import { CannotDecodeError } from './errors';

/** What was done to serialized bytes. Records keep it, since not all that was asked for is always done. */
export interface Packing {
  /** Undefined when compressing did not pay. */
  readonly compressor: string | undefined;
  readonly encrypter: string | undefined;
  /** The key that they were encrypted with. */
  readonly keyId: string | undefined;
}

/** A file takes this much of a disk anyway. */
const minBytes = 4 * 1024;
/** Compressed bytes are kept when they are at most so much of what they were. */
const maxRatio = 0.9;
/** From this size on, samples are compressed first. */
const sampledBytes = 256 * 1024;
const sampleCount = 4;
const sampleBytes = 16 * 1024;
/** Samples miss what repeats far away, so they need not gain quite as much. */
const maxSampleRatio = 0.92;

const noPacking: Packing = Object.freeze({ compressor: undefined, encrypter: undefined, keyId: undefined });

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
  const compression = compressor === undefined ? undefined : findCompression(compressor, encoders);
  const decrypted =
    encrypter === undefined ? bytes : findEncryption(encrypter, keyId, encoders).decrypt(bytes, place, keyId);
  return compression === undefined
    ? decrypted
    : andThen(decrypted, (compressed) => decompress(compressed, compression, plainSize));
}

/** The compressed bytes, or undefined when they are not much smaller. */
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
    throw new TidemarkError(`${compression.id} made ${result.byteLength} bytes of it where there were ${size}`);
  });
}

function findCompression(id: string, encoders: readonly Encoder[]): Compression {
  // Asking the usual one for its id would load what it may not need.
  const given = encoders.find(
    ({ compression }) => compression !== null && compression !== best && compression.id === id,
  );
  if (given?.compression) return given.compression;
  return builtInCompression(id);
}

function findEncryption(id: string, keyId: string | undefined, encoders: readonly Encoder[]): Encryption {
  const all = encoders.map(({ encryption }) => encryption).filter((one) => one?.id === id) as Encryption[];
  const found = all.find((one) => one.canDecrypt(keyId));
  if (found !== undefined) return found;
  throw new CannotDecodeError(
    all.length > 0
      ? `it was encrypted with the key ${keyId}, which is not among the keys here`
      : `it was encrypted with ${id}${keyId === undefined ? '' : ` and the key ${keyId}`}; give the storage an encoder with that encrypter and key`,
  );
}
