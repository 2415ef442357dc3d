import { layout } from '../../base/shared-state';
import type { Bytes, Serialization, Serialized } from '../encoder';

let loaded: typeof import('./exact') | undefined;

/** Formats for most values, cbor-x included: loaded with the first such value. */
function exact(): typeof import('./exact') {
  loaded ??= require('./exact') as typeof import('./exact');
  return loaded;
}

/**
 * The default: CBOR, or V8's format for values that CBOR would change. Typed arrays are written as their bytes. A
 * number, string, boolean or null by itself is written as JSON, which is readable and needs no other file than this one.
 */
export const cbor: Serialization = {
  id: 'cbor',
  serialize(value: unknown, root = 'result'): Serialized {
    return isJsonPrimitive(value) ? encodePrimitive(value) : exact().encodeExactly(value, root);
  },
  deserialize: decode,
  canRead,
};

/** V8's own format, as `node:v8` writes it; typed arrays are written as their bytes. */
export const v8: Serialization = {
  id: 'v8',
  serialize(value: unknown, root = 'result'): Serialized {
    return exact().encodeExactly(value, root, 'v8');
  },
  deserialize: decode,
  canRead,
};

/** JSON, for values that JSON keeps exactly: an error names the path of any other value. */
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

/** The bytes of a typed array, Buffer, DataView or ArrayBuffer; no other results. */
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

/** The serializer above that a value is, also when it comes from another copy of this package. */
export function builtInSerializer(value: unknown): Serialization | undefined {
  if (typeof value !== 'object' || value === null || (value as { [brand]?: unknown })[brand] !== layout)
    return undefined;
  return [cbor, v8, json, bytes].find(({ id }) => id === (value as Serialization).id);
}

function decode(serialized: Bytes, format: string, mayKeep = false): unknown {
  if (format === 'json')
    return JSON.parse(Buffer.from(serialized.buffer, serialized.byteOffset, serialized.byteLength).toString());
  return exact().decodeExactly(serialized, format, mayKeep);
}

function canRead(format: string): boolean {
  return format === 'json' || exact().canDecodeExactly(format);
}

function encodePrimitive(value: unknown): Serialized {
  return { format: 'json', bytes: Buffer.from(JSON.stringify(value)) };
}

/** Whether a value is a primitive that JSON keeps exactly. */
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
