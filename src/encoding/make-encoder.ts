import { type Allowed, anything, checkOptions } from '../base/check-options';
import { best } from './compression/built-in';
import type { Compression, Encoder, Encryption, Serialization } from './encoder';
import type { Compressor, Encrypter, Filter, Serializer } from './parts';
import { cbor } from './serialization/serializers';

/** The parts of an encoder. Omitted parts have their default; null means none. */
export interface EncoderParts {
  /** Transform the result before it is serialized, the first one first. @default none */
  readonly filters?: readonly Filter[] | null;
  /** Turns the result into bytes; null when it is bytes, or the filters turn it into bytes. @default `cbor` */
  readonly serializer?: Serializer | Serialization | null;
  /** Compresses the bytes, unless that saves less than a tenth. @default zstd, or brotli where zstd cannot be written; every Node reads both */
  readonly compressor?: Compressor | Compression | null;
  /** Encrypts the bytes. @default none */
  readonly encrypter?: Encrypter | Encryption | null;
}

const allowedParts: Readonly<Record<keyof EncoderParts, Allowed>> = {
  filters: anything,
  serializer: anything,
  compressor: anything,
  encrypter: anything,
};

/**
 * Defines how results become bytes: by filters, a serializer, a compressor and an encrypter, in this order.
 *
 * Parts are recognized by their methods, so that many modules can be used directly. Records name a part by its `id`, or
 * else by its class; give your own parts an `id` that never changes. Saving a result that a part would change fails,
 * with the path to the difference.
 *
 * @throws {TidemarkError} for a part without the methods, or an unknown option
 * @example
 * import * as yaml from 'yaml';
 *
 * const readable = encoder({ serializer: { ...yaml, id: 'yaml' }, compressor: null });
 * const secret = encoder({ compressor: gzip({ level: 9 }), encrypter: aesGcm({ key: process.env.TIDEMARK_KEY! }) });
 */
export function encoder(parts: EncoderParts = {}): Encoder {
  checkOptions(parts, allowedParts, 'an encoder');
  // Loaded on first use: most programs make no encoder.
  const { adaptCompressor, adaptEncrypter } = require('./parts') as typeof import('./parts');
  const { makeSerialization } = require('./serialization/pipeline') as typeof import('./serialization/pipeline');
  const { filters, serializer, compressor, encrypter } = parts;
  return {
    serialization: makeSerialization(filters ?? [], serializer),
    compression: compressor === null ? null : compressor === undefined ? best : adaptCompressor(compressor),
    encryption: encrypter === null || encrypter === undefined ? null : adaptEncrypter(encrypter),
  };
}

/** CBOR, with the best compression of this process where that pays, without encryption. */
export const defaultEncoder = { serialization: cbor, compression: best, encryption: null } as const satisfies Encoder;

/** The encoder of a task, else that of the storage, else the default one; with the encryption of the storage, if it has one. */
export function combineEncoders(ofTask: Encoder | undefined, ofStorage: Encoder | undefined): Encoder {
  if (ofTask === undefined) return ofStorage ?? defaultEncoder;
  if (ofStorage === undefined || ofStorage.encryption === null) return ofTask;
  return { ...ofTask, encryption: ofStorage.encryption };
}
