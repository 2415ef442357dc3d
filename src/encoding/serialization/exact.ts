import type { Bytes, Serialized } from '../encoder';
import { UnsupportedValueError } from '../errors';
import { decodeCbor, encodeCbor, maxCborBytes } from './cbor';
import { inspectValue } from './inspect';
import { FLOATS, Inspection, NOT_CBOR, NOT_V8, SEGMENTS, STOP, TYPED, type TypedValues } from './inspection';
import { SegmentReader, SegmentWriter } from './segments';
import { decodeRaw, encodeRaw, isBinary, isRawFormat } from './typed-arrays';
import { replaceTyped, restoreTyped } from './typed-values';
import { decodeV8, encodeV8 } from './v8-format';

/** The base format, whether large typed arrays follow, and whether the value holds instances of registered classes. */
const formatPattern = /^(cbor|v8)(\+raw)?(\+types)?$/;
/** The format of nearly all values. */
const plainCbor = 'cbor';

/** A format that encodes a value exactly; `cbor-floats` is CBOR with every number written as a float. */
type BaseFormat = 'cbor' | 'cbor-floats' | 'v8';

/** How a value is to be encoded. */
interface FormatChoice {
  readonly baseFormat: BaseFormat;
  /** Whether the value holds typed arrays so large that they are stored apart from the rest. */
  readonly hasSegments: boolean;
  /** The instances of registered classes in the value, if there are any. */
  readonly typed: TypedValues | undefined;
}

/**
 * Encodes a value so that decoding returns an equal one.
 *
 * A typed array is written as its bytes. Any other value is written as CBOR, or in V8's format when CBOR would change
 * it; the large typed arrays in it follow as their bytes.
 *
 * @param root name of the value in the path of an error
 * @param only `v8` excludes CBOR
 * @throws {UnsupportedValueError} when every format would change the value
 */
export function encodeExactly(value: unknown, root: string, only?: 'v8'): Serialized {
  const choice = chooseFormat(value, root, only);
  if (choice.typed === undefined) return isBinary(value) ? encodeRaw(value) : encodeAs(choice, value, root);
  const replaced = replaceTyped(value, choice.typed);
  const { format, bytes } = encodeAs(chooseFormat(replaced, root, only), replaced, root);
  return { format: `${format}+types`, bytes };
}

/** @throws {UnsupportedValueError} when the value is not a typed array, DataView or ArrayBuffer */
export function encodeBinary(value: unknown, root: string): Serialized {
  chooseFormat(value, root);
  if (!isBinary(value)) throw new UnsupportedValueError(root, 'is not bytes; choose a serializer that can encode it');
  return encodeRaw(value);
}

/**
 * Chooses the format that keeps a value exactly.
 *
 * @param root name of the value in the path of an error
 * @param only `v8` excludes CBOR
 * @throws {UnsupportedValueError} when there is none
 */
export function chooseFormat(value: unknown, root: string, only?: 'v8'): FormatChoice {
  const typed: TypedValues = new Map();
  let inspection = new Inspection(inspectValue, { isQuick: true, typed });
  let flags = inspection.run(value, root);
  if (flags >= STOP && inspection.isUndecided) {
    inspection = new Inspection(inspectValue, { typed });
    flags = inspection.run(value, root);
  }
  if (only === 'v8') flags |= NOT_CBOR;
  if ((flags & NOT_CBOR) !== 0 && (flags & NOT_V8) !== 0) {
    // One part excludes CBOR, another one V8: another inspection finds the first part that V8 cannot encode.
    inspection = new Inspection(inspectValue, { typed, excluded: NOT_CBOR });
    flags = inspection.run(value, root) | NOT_CBOR;
  }
  if (flags >= STOP) throw inspection.refusal(root);
  return {
    baseFormat: (flags & NOT_CBOR) !== 0 ? 'v8' : (flags & FLOATS) !== 0 ? 'cbor-floats' : 'cbor',
    hasSegments: (flags & SEGMENTS) !== 0,
    typed: (flags & TYPED) !== 0 ? typed : undefined,
  };
}

function encodeAs({ baseFormat, hasSegments }: FormatChoice, value: unknown, root: string): Serialized {
  const format = baseFormat === 'v8' ? 'v8' : plainCbor;
  const segments = hasSegments ? new SegmentWriter() : undefined;
  try {
    const bytes =
      baseFormat === 'v8' ? encodeV8(value, segments) : encodeCbor(value, baseFormat === 'cbor-floats', segments);
    if (format === 'v8' || bytes.length <= maxCborBytes)
      return segments === undefined ? { format, bytes } : { format: `${format}+raw`, bytes: segments.join(bytes) };
  } catch (cause) {
    // The inspection does not see a Proxy, or that memory runs out.
    throw new UnsupportedValueError(root, 'cannot be encoded', { cause });
  }
  return encodeAs(chooseFormat(value, root, 'v8'), value, root);
}

export function canDecodeExactly(format: string): boolean {
  return format === plainCbor || formatPattern.test(format) || isRawFormat(format);
}

/**
 * Decodes the bytes of `encodeExactly`.
 *
 * @param mayKeep whether the value may use the memory of the bytes
 * @throws {Error} for an unknown format, or other bytes
 */
export function decodeExactly(bytes: Bytes, format: string, mayKeep: boolean): unknown {
  if (format === plainCbor) return decodeCbor(bytes);
  if (isRawFormat(format)) return decodeRaw(format, bytes, mayKeep);
  const match = formatPattern.exec(format);
  if (match === null)
    throw new Error(`Unknown format ${JSON.stringify(format)}: this encoder reads json, cbor, v8 and raw bytes.`);
  const [, baseFormat, hasSegments, hasTypes] = match;
  const segments = hasSegments === undefined ? undefined : new SegmentReader(bytes);
  const decode = baseFormat === 'v8' ? decodeV8 : decodeCbor;
  const value = decode(segments?.head ?? bytes, segments);
  return hasTypes === undefined ? value : restoreTyped(value);
}
