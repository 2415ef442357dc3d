import { TidemarkError } from '../error';
import { adaptPart } from './adapt-part';
import type { Serialization } from './encoder';
import { ForeignSerialization } from './foreign-serialization';
import { PartedSerialization } from './parted-serialization';
import type { Filter, Serializer } from './parts';
import { builtInSerializer, bytes, cbor, json, v8 } from './serializers';
import { ShuffleFilter } from './shuffle';

/**
 * Puts filters and a serializer together; null is none, undefined the usual one.
 *
 * @throws {TidemarkError} for a part without the methods
 */
export function makeSerialization(
  filters: readonly Filter[],
  serializer: Serializer | Serialization | null | undefined,
): Serialization {
  if (!Array.isArray(filters))
    throw new TidemarkError('the option filters of an encoder is a list; put the filter in [ ]');
  const adapted = filters.map((filter, i) => adaptPart(filter, 'filter', `filter ${i + 1} of the encoder`));
  const last = serializer === null ? bytes : serializer === undefined ? cbor : adaptSerializer(serializer);
  const isExact = builtInSerializer(last) !== undefined && filters.every((filter) => filter instanceof ShuffleFilter);
  return isExact && filters.length === 0
    ? last
    : new PartedSerialization({ filters: adapted, serializer: last, isExact });
}

/** Our own, those of Node that ours do better, or another one. */
function adaptSerializer(serializer: Serializer | Serialization): Serialization {
  const own = builtInSerializer(serializer);
  if (own) return own;
  if (typeof (serializer as Partial<Serialization> | null)?.canRead === 'function') return serializer as Serialization;
  const { serialize, stringify } = (serializer ?? {}) as { serialize?: unknown; stringify?: unknown };
  if (stringify === JSON.stringify) return json;
  if (serialize !== undefined && serialize === (require('node:v8') as typeof import('node:v8')).serialize) return v8;
  return new ForeignSerialization(adaptPart(serializer, 'serializer', 'the serializer'));
}
