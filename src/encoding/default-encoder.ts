import { decodeCbor, encodeCbor } from './cbor';
import type { Bytes, Encoder, Serialized } from './encoder';
import { carrierOf } from './lossless';
import { UnsupportedValueError } from './unsupported-value-error';
import { decodeV8, encodeV8 } from './v8-format';
import { NOT_CBOR } from './walk';

/** Above this, positions in the bytes no longer fit what cbor-x reads lengths with. */
const MAX_CBOR_BYTES = 2 ** 31 - 1;

/**
 * Encodes as CBOR, or in V8's format what CBOR would not bring back exactly. A lone number, string, boolean or
 * null is JSON: readable, and programs that have no other results need not load cbor-x.
 */
export const defaultEncoder = {
  id: 'cbor',

  /** @param root - What to call the value in the path of a refusal. */
  serialize(value: unknown, root = 'result'): Serialized {
    if (isLonePlain(value)) return { format: 'json', bytes: Buffer.from(JSON.stringify(value)) };
    const carrier = carrierOf(value, root);
    if (carrier !== 'v8') {
      const bytes = attempt(root, () => encodeCbor(value, carrier === 'cbor-floats'));
      if (bytes.length <= MAX_CBOR_BYTES) return { format: 'cbor', bytes };
      carrierOf(value, root, NOT_CBOR);
    }
    return { format: 'v8', bytes: attempt(root, () => encodeV8(value)) };
  },

  deserialize(bytes: Bytes, format: string): unknown {
    switch (format) {
      case 'json':
        return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
      case 'cbor':
        return decodeCbor(bytes);
      case 'v8':
        return decodeV8(bytes);
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

/** What an encoder throws of itself comes from what only it can see, such as a Proxy, or too little memory. */
function attempt(root: string, encode: () => Bytes): Bytes {
  try {
    return encode();
  } catch (cause) {
    throw new UnsupportedValueError(root, 'cannot be encoded', { cause });
  }
}
