import { decodeCbor, encodeCbor } from './cbor';
import type { Bytes, Serialized } from './encoder';
import { carrierOf, type Findings } from './lossless';
import { decodeRaw, encodeRaw, isBinary, isRawFormat } from './raw';
import { fold, unfold } from './registered-types';
import { SegmentReader, SegmentWriter } from './segments';
import { UnsupportedValueError } from './unsupported-value-error';
import { decodeV8, encodeV8 } from './v8-format';
import { FINE, NOT_CBOR } from './walk';

/** Above this, positions in the bytes no longer fit what cbor-x reads lengths with. */
const MAX_CBOR_BYTES = 2 ** 31 - 1;
/** Who carries the value, whether large typed arrays follow it, and whether it holds instances of registered classes. */
const FORMAT = /^(cbor|v8)(\+raw)?(\+types)?$/;
/** What nearly all values have. */
const PLAIN_CBOR = 'cbor';

/**
 * Encodes a value so that it comes back exactly.
 *
 * A typed array is written as its bytes. Anything else goes as CBOR, or in V8's format when CBOR would not bring
 * it back; the large typed arrays in it follow as their bytes.
 *
 * @param root - What to call the value in the path of a refusal.
 * @param only - `v8` when no other encoding may be used.
 * @throws {UnsupportedValueError} when nothing would bring it back.
 */
export function encodeExactly(value: unknown, root: string, only?: 'v8'): Serialized {
  const without = only === 'v8' ? NOT_CBOR : FINE;
  const findings = carrierOf(value, root, without);
  if (findings.typed === undefined) return isBinary(value) ? encodeRaw(value) : carry(value, root, findings);
  const folded = fold(value, findings.typed);
  const { format, bytes } = carry(folded, root, carrierOf(folded, root, without));
  return { format: `${format}+types`, bytes };
}

/** @throws {UnsupportedValueError} when the value is not a typed array and the like */
export function encodeBinary(value: unknown, root: string): Serialized {
  carrierOf(value, root);
  if (!isBinary(value)) throw new UnsupportedValueError(root, 'is not bytes; choose a serializer that can encode it');
  return encodeRaw(value);
}

export function canDecodeExactly(format: string): boolean {
  return format === PLAIN_CBOR || FORMAT.test(format) || isRawFormat(format);
}

/** @throws {Error} when these are not the bytes of a value. */
export function decodeExactly(bytes: Bytes, format: string, mayKeep: boolean): unknown {
  if (format === PLAIN_CBOR) return decodeCbor(bytes);
  if (isRawFormat(format)) return decodeRaw(format, bytes, mayKeep);
  const [, carrier, hasSegments, hasTypes] = FORMAT.exec(format) ?? [];
  const segments = hasSegments === undefined ? undefined : new SegmentReader(bytes);
  const value = (carrier === 'v8' ? decodeV8 : decodeCbor)(segments?.head ?? bytes, segments);
  return hasTypes === undefined ? value : unfold(value);
}

function carry(value: unknown, root: string, { carrier, hasSegments }: Findings): Serialized {
  if (carrier !== 'v8') {
    const segments = hasSegments ? new SegmentWriter() : undefined;
    const bytes = attempt(root, () => encodeCbor(value, carrier === 'cbor-floats', segments));
    if (bytes.length <= MAX_CBOR_BYTES) return finish('cbor', bytes, root, segments);
    carrierOf(value, root, NOT_CBOR);
  }
  const segments = hasSegments ? new SegmentWriter() : undefined;
  const bytes = attempt(root, () => encodeV8(value, segments));
  return finish('v8', bytes, root, segments);
}

function finish(format: string, bytes: Bytes, root: string, segments: SegmentWriter | undefined): Serialized {
  if (segments === undefined) return { format, bytes };
  return { format: `${format}+raw`, bytes: attempt(root, () => segments.join(bytes)) };
}

/** What an encoder throws of itself comes from what only it can see, such as a Proxy, or too little memory. */
function attempt(root: string, encode: () => Bytes): Bytes {
  try {
    return encode();
  } catch (cause) {
    throw new UnsupportedValueError(root, 'cannot be encoded', { cause });
  }
}
