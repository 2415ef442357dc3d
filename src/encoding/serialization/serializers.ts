import { layout } from '../../base/shared-state';
import type { Bytes, Serialization, Serialized } from '../encoder';

let loaded: typeof import('./exact') | undefined;

/** What most values need, cbor-x included: loaded when the first one does. */
function exact(): typeof import('./exact') {
  loaded ??= require('./exact') as typeof import('./exact');
  return loaded;
}

/**
 * The default: CBOR, or V8's format for what CBOR would not bring back exactly. Typed arrays are written as their
 * very bytes. A lone number, string, boolean or null is JSON: readable, and programs that have no other results
 * need not load more than this file.
 */
export const cbor: Serialization = {
  id: 'cbor',
  serialize(value: unknown, root = 'result'): Serialized {
    return isJsonPrimitive(value) ? encodePrimitive(value) : exact().encodeExactly(value, root);
  },
  deserialize: decode,
  canRead,
};

/** V8's own format, as `node:v8` writes it; typed arrays are written as their very bytes. */
export const v8: Serialization = {
  id: 'v8',
  serialize(value: unknown, root = 'result'): Serialized {
    return exact().encodeExactly(value, root, 'v8');
  },
  deserialize: decode,
  canRead,
};

/** JSON, for what comes back from it as it was: anything else is refused with its path. */
export const json: Serialization = {
  id: 'json',
  serialize(value: unknown, root = 'result'): Serialized {
    if (isJsonPrimitive(value)) return encodePrimitive(value);
    const { encodeJson } = require('./exact-json') as typeof import('./exact-json');
    return { format: 'json', bytes: encodeJson(value, root) };
  },
  deserialize: decode,
  canRead: (format) => format === 'json',
};

/** For results that are bytes: a typed array, Buffer, DataView or ArrayBuffer, and nothing else. */
export const bytes: Serialization = {
  id: 'bytes',
  serialize(value: unknown, root = 'result'): Serialized {
    return exact().encodeBinary(value, root);
  },
  deserialize: decode,
  canRead,
};

const brand = Symbol.for('tidemark.serializer');
for (const one of [cbor, v8, json, bytes]) Object.defineProperty(one, brand, { value: layout });

/** Of the serializers here, the one that a value is: that very one, or the same of another copy of this package. */
export function builtInSerializer(value: unknown): Serialization | undefined {
  if (typeof value !== 'object' || value === null || (value as { [brand]?: unknown })[brand] !== layout)
    return undefined;
  return [cbor, v8, json, bytes].find(({ id }) => id === (value as Serialization).id);
}

function decode(serialized: Bytes, format: string, mayKeep = false): unknown {
  if (format === 'json')
    return JSON.parse(Buffer.from(serialized.buffer, serialized.byteOffset, serialized.byteLength).toString());
  if (!exact().canDecodeExactly(format))
    throw new Error(`Unknown format ${JSON.stringify(format)}: this encoder reads json, cbor, v8 and raw bytes.`);
  return exact().decodeExactly(serialized, format, mayKeep);
}

function canRead(format: string): boolean {
  return format === 'json' || exact().canDecodeExactly(format);
}

function encodePrimitive(value: unknown): Serialized {
  return { format: 'json', bytes: Buffer.from(JSON.stringify(value)) };
}

/** Whether a value is no object, and comes back from JSON as it was. */
function isJsonPrimitive(value: unknown): boolean {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'string':
      return value.isWellFormed();
    case 'boolean':
      return true;
    default:
      return value === null;
  }
}
