import { type Allowed, anything, checkOptions } from '../base/check-options';
import { best } from './compression/built-in';
import type { Compression, Encoder, Encryption, Serialization } from './encoder';
import type { Compressor, Encrypter, Filter, Serializer } from './parts';
import { cbor } from './serialization/serializers';

/** The parts of an encoder. What is not given is as usual; null is none. */
export interface EncoderParts {
  /** Change the result before it is serialized, the first one first. @default none */
  readonly filters?: readonly Filter[] | null;
  /** Makes bytes of the result; null when it is bytes, or the filters make it so. @default `cbor` */
  readonly serializer?: Serializer | Serialization | null;
  /** Makes the bytes smaller; what does not get smaller by a tenth stays as it is. @default zstd, or brotli where there is no zstd to write; every Node reads both */
  readonly compressor?: Compressor | Compression | null;
  /** Makes the bytes unreadable for others. @default none */
  readonly encrypter?: Encrypter | Encryption | null;
}

const allowedParts: Readonly<Record<keyof EncoderParts, Allowed>> = {
  filters: anything,
  serializer: anything,
  compressor: anything,
  encrypter: anything,
};

/**
 * Says how results become bytes: filters, a serializer, a compressor and an encrypter, one after the other.
 *
 * Parts are known by their methods, so many modules serve as they are. Records call a part by its `id`, or else by
 * its class; give parts of your own an `id` that stays the same. A result that a part would bring back different
 * is refused when it is saved, with the path to the difference.
 *
 * @throws {TidemarkError} for a part without the methods, or an option that there is not
 * @example
 * import * as yaml from 'yaml';
 *
 * const readable = encoder({ serializer: { ...yaml, id: 'yaml' }, compressor: null });
 * const secret = encoder({ compressor: gzip({ level: 9 }), encrypter: aesGcm({ key: process.env.TIDEMARK_KEY! }) });
 */
export function encoder(parts: EncoderParts = {}): Encoder {
  checkOptions(parts, allowedParts, 'an encoder');
  // Most programs make no encoder, and need not load what adapts the parts of one.
  const { adaptCompressor, adaptEncrypter } = require('./parts') as typeof import('./parts');
  const { makeSerialization } = require('./serialization/pipeline') as typeof import('./serialization/pipeline');
  const { filters, serializer, compressor, encrypter } = parts;
  return {
    serialization: makeSerialization(filters ?? [], serializer),
    compression: compressor === null ? null : compressor === undefined ? best : adaptCompressor(compressor),
    encryption: encrypter === null || encrypter === undefined ? null : adaptEncrypter(encrypter),
  };
}

/** CBOR, compressed as well as this process can where that pays, and not encrypted. */
export const defaultEncoder = { serialization: cbor, compression: best, encryption: null } as const satisfies Encoder;

/** The encoder of a task, or else the storage's, or else the usual one; but a storage that encrypts always does. */
export function combineEncoders(ofTask: Encoder | undefined, ofStorage: Encoder | undefined): Encoder {
  if (ofTask === undefined) return ofStorage ?? defaultEncoder;
  if (ofStorage === undefined || ofStorage.encryption === null) return ofTask;
  return { ...ofTask, encryption: ofStorage.encryption };
}
