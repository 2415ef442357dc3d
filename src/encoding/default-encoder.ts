import type { Bytes, Encoder, Serialized } from './encoder';

let loaded: typeof import('./exact') | undefined;

/** The rest of the encoder, cbor-x included: loaded when a value needs it. */
function exact(): typeof import('./exact') {
  loaded ??= require('./exact') as typeof import('./exact');
  return loaded;
}

/**
 * Encodes as CBOR, or in V8's format what CBOR would not bring back exactly. A lone number, string, boolean or
 * null is JSON: readable, and programs that have no other results need not load more than this file.
 */
export const defaultEncoder = {
  id: 'cbor',

  /** @param root - What to call the value in the path of a refusal. */
  serialize(value: unknown, root = 'result'): Serialized {
    if (isLonePlain(value)) return { format: 'json', bytes: Buffer.from(JSON.stringify(value)) };
    return exact().encodeExactly(value, root);
  },

  deserialize(bytes: Bytes, format: string): unknown {
    switch (format) {
      case 'json':
        return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
      case 'cbor':
      case 'v8':
        return exact().decodeExactly(bytes, format);
      default:
        throw new Error(`Unknown format ${JSON.stringify(format)}: this encoder reads json, cbor and v8.`);
    }
  },

  canRead(format: string): boolean {
    return format === 'json' || format === 'cbor' || format === 'v8';
  },
} satisfies Encoder;

/** Whether a value is no object, and comes back from JSON as it was. */
function isLonePlain(value: unknown): value is string | number | boolean | null {
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
