import { type Awaitable, andThen } from '../awaitable';
import { describeError } from '../base/describe-error';
import { TidemarkError } from '../error';
import { type Adapted, adaptPart } from './adapt-part';
import { CannotDecodeError } from './cannot-decode-error';
import { ownBytes, ZlibCompression } from './compressors/zlib-compression';
import { PackageZstd } from './compressors/zstd-package';
import type { Bytes, Compression, Encryption } from './encoder';
import type { Compressor, Encrypter } from './parts';
import { bytesOf, isBinary } from './raw';
import { rescue } from './rescue';

/** Our own compressors as they are, others made into the same. */
export function adaptCompressor(compressor: Compressor): Compression {
  if (compressor instanceof ZlibCompression || compressor instanceof PackageZstd) return compressor;
  const part = adaptPart(compressor, 'compressor', 'the compressor');
  // One argument: to some modules a second one means something.
  return {
    id: part.id,
    compress: (bytes) => run(part, part.there, bytes),
    decompress: (bytes) => run(part, part.back, bytes),
  };
}

/** What can tell by a key id whether it decrypts as it is, others made into the same. */
export function adaptEncrypter(encrypter: Encrypter | Encryption): Encryption {
  if (isEncryption(encrypter)) return encrypter;
  const part = adaptPart(encrypter, 'encrypter', 'the encrypter');
  const keyId = typeof encrypter.keyId === 'string' ? encrypter.keyId : undefined;
  return {
    id: part.id,
    keyId,
    canDecrypt: (other) => other === keyId,
    encrypt: (bytes, place) => run(part, part.there, bytes, place),
    decrypt: (bytes, place) =>
      rescue(
        () => run(part, part.back, bytes, place),
        (cause) => {
          if (keyId !== undefined) throw cause;
          // It cannot tell another key from damage, and what has another key must not be touched.
          throw new CannotDecodeError(
            `${part.id} cannot decrypt it (${describeError(cause)}): it was encrypted with another key, or is damaged`,
            { cause },
          );
        },
      ),
  };
}

/** @throws {TidemarkError} when these are not bytes */
export function toBytes(output: unknown, giver: string): Bytes {
  if (isBinary(output)) return bytesOf(output);
  throw new TidemarkError(
    `${giver} gave ${output === null ? 'null' : `a value of type ${typeof output}`}; it must give bytes`,
  );
}

function run(part: Adapted, method: Adapted['there'], bytes: Bytes, ...rest: unknown[]): Awaitable<Bytes> {
  const input = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return andThen(method(input, ...rest), (output) => ownBytes(toBytes(output, part.id)));
}

function isEncryption(encrypter: Encrypter | Encryption): encrypter is Encryption {
  return typeof (encrypter as Partial<Encryption> | null)?.canDecrypt === 'function';
}
