import { decodeCbor, encodeCbor } from './cbor';
import type { Bytes, Serialized } from './encoder';
import { carrierOf } from './lossless';
import { UnsupportedValueError } from './unsupported-value-error';
import { decodeV8, encodeV8 } from './v8-format';
import { NOT_CBOR } from './walk';

/** Above this, positions in the bytes no longer fit what cbor-x reads lengths with. */
const MAX_CBOR_BYTES = 2 ** 31 - 1;

/**
 * Encodes as CBOR, or in V8's format what CBOR would not bring back exactly.
 *
 * @param root - What to call the value in the path of a refusal.
 * @throws {UnsupportedValueError} when neither would.
 */
export function encodeExactly(value: unknown, root: string): Serialized {
  const carrier = carrierOf(value, root);
  if (carrier !== 'v8') {
    const bytes = attempt(root, () => encodeCbor(value, carrier === 'cbor-floats'));
    if (bytes.length <= MAX_CBOR_BYTES) return { format: 'cbor', bytes };
    carrierOf(value, root, NOT_CBOR);
  }
  return { format: 'v8', bytes: attempt(root, () => encodeV8(value)) };
}

export function decodeExactly(bytes: Bytes, format: 'cbor' | 'v8'): unknown {
  return format === 'cbor' ? decodeCbor(bytes) : decodeV8(bytes);
}

/** What an encoder throws of itself comes from what only it can see, such as a Proxy, or too little memory. */
function attempt(root: string, encode: () => Bytes): Bytes {
  try {
    return encode();
  } catch (cause) {
    throw new UnsupportedValueError(root, 'cannot be encoded', { cause });
  }
}
