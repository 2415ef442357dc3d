import { type Allowed, anything, checkOptions } from '../check-options';
import { TidemarkError } from '../error';
import { adaptCompressor, adaptEncrypter } from './adapt-bytes';
import { adaptPart } from './adapt-part';
import { best } from './compressors/best';
import type { Compression, Encoder, Encryption, Serialization } from './encoder';
import { ForeignSerialization } from './foreign-serialization';
import { PartedSerialization } from './parted-serialization';
import type { Compressor, Encrypter, Filter, Serializer } from './parts';
import { bytes, cbor, json, v8 } from './serializers';
import { Shuffle } from './shuffle';

/** The parts of an encoder. What is not given is as usual; null is none. */
export interface EncoderParts {
  /** Change the result before it is serialized, the first one first. @default none */
  readonly filters?: readonly Filter[] | null;
  /** Makes bytes of the result; null when it is bytes, or the filters make it so. @default `cbor` */
  readonly serializer?: Serializer | Serialization | null;
  /** Makes the bytes smaller; what does not get smaller by a tenth stays as it is. @default zstd, or brotli where there is no zstd */
  readonly compressor?: Compressor | Compression | null;
  /** Makes the bytes unreadable for others. @default none */
  readonly encrypter?: Encrypter | Encryption | null;
}

const known: Readonly<Record<keyof EncoderParts, Allowed>> = {
  filters: anything,
  serializer: anything,
  compressor: anything,
  encrypter: anything,
};
const OWN: ReadonlySet<unknown> = new Set([cbor, json, v8, bytes]);

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
  checkOptions(parts, known, 'an encoder');
  const { filters, serializer, compressor, encrypter } = parts;
  return {
    serialization: serializationOf(filters ?? [], serializer),
    compression: compressor === null ? null : compressor === undefined ? best : adaptCompressor(compressor),
    encryption: encrypter === null || encrypter === undefined ? null : adaptEncrypter(encrypter),
  };
}

function serializationOf(filters: readonly Filter[], serializer: EncoderParts['serializer']): Serialization {
  if (!Array.isArray(filters))
    throw new TidemarkError('the option filters of an encoder is a list; put the filter in [ ]');
  const adapted = filters.map((filter, i) => adaptPart(filter, 'filter', `filter ${i + 1} of the encoder`));
  const last = serializer === null ? bytes : serializer === undefined ? cbor : adaptSerializer(serializer);
  const isExact = OWN.has(last) && filters.every((filter) => filter instanceof Shuffle);
  return isExact && filters.length === 0
    ? last
    : new PartedSerialization({ filters: adapted, serializer: last, isExact });
}

/** Our own, those of Node that ours do better, or another one. */
function adaptSerializer(serializer: Serializer | Serialization): Serialization {
  if (typeof (serializer as Partial<Serialization> | null)?.canRead === 'function') return serializer as Serialization;
  const { serialize, stringify } = (serializer ?? {}) as { serialize?: unknown; stringify?: unknown };
  if (stringify === JSON.stringify) return json;
  if (serialize !== undefined && serialize === (require('node:v8') as typeof import('node:v8')).serialize) return v8;
  return new ForeignSerialization(adaptPart(serializer, 'serializer', 'the serializer'));
}
