import type { Bytes, Serialized } from '../encoder';
import { UnsupportedValueError } from '../errors';
import { decodeCbor, encodeCbor } from './cbor';
import { inspectValue } from './inspect';
import {
  FLOATS,
  Inspection,
  inspectFrom,
  NOT_CBOR,
  NOT_V8,
  OK,
  refusalOf,
  SEGMENTS,
  STOP,
  TYPED,
  type TypedValues,
} from './inspection';
import { SegmentReader, SegmentWriter } from './segments';
import { decodeRaw, encodeRaw, isBinary, isRawFormat } from './typed-arrays';
import { replaceTyped, restoreTyped } from './typed-values';
import { decodeV8, encodeV8 } from './v8-format';

/** Above this, positions in the bytes no longer fit what cbor-x reads lengths with. */
const maxCborBytes = 2 ** 31 - 1;
/** Who carries the value, whether large typed arrays follow it, and whether it holds instances of registered classes. */
const formatPattern = /^(cbor|v8)(\+raw)?(\+types)?$/;
/** What nearly all values have. */
const plainCbor = 'cbor';

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
  const without = only === 'v8' ? NOT_CBOR : OK;
  const findings = chooseFormat(value, root, without);
  if (findings.typed === undefined) return isBinary(value) ? encodeRaw(value) : encodeAs(value, root, findings);
  const folded = replaceTyped(value, findings.typed);
  const { format, bytes } = encodeAs(folded, root, chooseFormat(folded, root, without));
  return { format: `${format}+types`, bytes };
}

/** @throws {UnsupportedValueError} when the value is not a typed array and the like */
export function encodeBinary(value: unknown, root: string): Serialized {
  chooseFormat(value, root);
  if (!isBinary(value)) throw new UnsupportedValueError(root, 'is not bytes; choose a serializer that can encode it');
  return encodeRaw(value);
}

export function canDecodeExactly(format: string): boolean {
  return format === plainCbor || formatPattern.test(format) || isRawFormat(format);
}

/** @throws {Error} when these are not the bytes of a value. */
export function decodeExactly(bytes: Bytes, format: string, mayKeep: boolean): unknown {
  if (format === plainCbor) return decodeCbor(bytes);
  if (isRawFormat(format)) return decodeRaw(format, bytes, mayKeep);
  const [, carrier, hasSegments, hasTypes] = formatPattern.exec(format) ?? [];
  const segments = hasSegments === undefined ? undefined : new SegmentReader(bytes);
  const value = (carrier === 'v8' ? decodeV8 : decodeCbor)(segments?.head ?? bytes, segments);
  return hasTypes === undefined ? value : restoreTyped(value);
}

function encodeAs(value: unknown, root: string, { baseFormat, hasSegments }: FormatChoice): Serialized {
  if (baseFormat !== 'v8') {
    const segments = hasSegments ? new SegmentWriter() : undefined;
    const bytes = refuseOnError(root, () => encodeCbor(value, baseFormat === 'cbor-floats', segments));
    if (bytes.length <= maxCborBytes) return joinSegments('cbor', bytes, root, segments);
    chooseFormat(value, root, NOT_CBOR);
  }
  const segments = hasSegments ? new SegmentWriter() : undefined;
  const bytes = refuseOnError(root, () => encodeV8(value, segments));
  return joinSegments('v8', bytes, root, segments);
}

function joinSegments(format: string, bytes: Bytes, root: string, segments: SegmentWriter | undefined): Serialized {
  if (segments === undefined) return { format, bytes };
  return { format: `${format}+raw`, bytes: refuseOnError(root, () => segments.join(bytes)) };
}

/** What an encoder throws of itself comes from what only it can see, such as a Proxy, or too little memory. */
function refuseOnError(root: string, encode: () => Bytes): Bytes {
  try {
    return encode();
  } catch (cause) {
    throw new UnsupportedValueError(root, 'cannot be encoded', { cause });
  }
}

/** Which encoding carries a value exactly; `cbor-floats` is cbor with every number written as a float. */
export type BaseFormat = 'cbor' | 'cbor-floats' | 'v8';

/** What is to be known before a value is encoded. */
export interface FormatChoice {
  readonly baseFormat: BaseFormat;
  /** Whether it holds typed arrays so large that they are kept apart from the rest. */
  readonly hasSegments: boolean;
  /** The instances of registered classes in it, if there are any. */
  readonly typed: TypedValues | undefined;
}

/**
 * Finds the encoding that brings a value back exactly as it is.
 *
 * @param root - What to call the value in the path of a refusal.
 * @param without - `NOT_CBOR` when cbor is not to be used.
 * @throws {UnsupportedValueError} when there is none.
 */
export function chooseFormat(value: unknown, root: string, without: number = OK): FormatChoice {
  const typed: TypedValues = new Map();
  let walk = new Inspection(inspectValue, true, typed);
  let flags = inspectFrom(value, walk, root) | without;
  if (flags >= STOP && walk.isUndecided) {
    walk = new Inspection(inspectValue, false, typed);
    flags = inspectFrom(value, walk, root) | without;
  }
  if ((flags & NOT_CBOR) !== 0 && (flags & NOT_V8) !== 0) {
    // Each part can be carried, but not by the same encoding: walk again to find the first part that V8 cannot.
    walk = new Inspection(inspectValue, false, typed, NOT_CBOR);
    flags = inspectFrom(value, walk, root) | NOT_CBOR;
  }
  if (flags >= STOP) throw refusalOf(walk, root);
  return {
    baseFormat: (flags & NOT_CBOR) !== 0 ? 'v8' : (flags & FLOATS) !== 0 ? 'cbor-floats' : 'cbor',
    hasSegments: (flags & SEGMENTS) !== 0,
    typed: (flags & TYPED) !== 0 ? typed : undefined,
  };
}
