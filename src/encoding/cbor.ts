import { types } from 'node:util';
import { isUrl } from '../base/built-in-name';
import { newDate } from '../base/new-date';
import type { Bytes } from './encoder';
import { type CborEncoder, loadOwnCbor } from './own-cbor';
import { isSegment, type SegmentPlace, type SegmentReader, type SegmentWriter } from './segments';

const OPTIONS = {
  useRecords: false,
  variableMapSize: true,
  structuredClone: true,
  mapsAsObjects: true,
  useTag259ForMaps: true,
  tagUint8Array: true,
  copyBuffers: true,
} as const;
/** Lets cbor-x write into the same pool again: everything given out is a copy. */
const RESET_BUFFER_MODE = 1024;
/** What is as small as this may stay in memory until the next value is encoded. */
const SMALL_BYTES = 16 * 1024;
const POOL_BYTES = 8 * 1024;
const LARGE_POOL_BYTES = 1024 * 1024;
/** Of times, which are seconds. */
const DATE_TAG = 1;
const URL_TAG = 1140;
const NULL_PROTOTYPE_TAG = 1141;
const SEGMENT_TAG = 1142;

let encoders: { readonly compact: CborEncoder; readonly floats: CborEncoder } | undefined;
/** Where large typed arrays go to, or come from, while something is encoded or decoded. */
let writer: SegmentWriter | undefined;
let reader: SegmentReader | undefined;

/**
 * Encodes with cbor-x.
 *
 * @param floats - Writes every number as a float, which keeps -0.
 * @param segments - Takes the large typed arrays, when they are kept apart.
 */
export function encodeCbor(value: unknown, floats: boolean, segments?: SegmentWriter): Bytes {
  encoders ??= load();
  const encoder = floats ? encoders.floats : encoders.compact;
  writer = segments;
  try {
    const view = encoder.encode(value, RESET_BUFFER_MODE);
    const bytes = new Uint8Array(view);
    if (bytes.length > SMALL_BYTES) letGo(encoder, view.buffer.byteLength);
    return bytes;
  } catch (error) {
    letGo(encoder, Number.POSITIVE_INFINITY);
    throw error;
  } finally {
    writer = undefined;
  }
}

/** Until it encodes again, cbor-x holds the objects of the last value, and its pool never shrinks. */
function letGo(encoder: CborEncoder, poolBytes: number): void {
  if (poolBytes > LARGE_POOL_BYTES) encoder.useBuffer(Buffer.allocUnsafeSlow(POOL_BYTES));
  encoder.encode(null, RESET_BUFFER_MODE);
}

/** @throws {Error} when these are not the bytes of a value. */
export function decodeCbor(bytes: Bytes, segments?: SegmentReader): unknown {
  encoders ??= load();
  reader = segments;
  try {
    // From a Buffer byte strings become Buffers, and it is this object that cbor-x hangs a property on.
    return encoders.compact.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } finally {
    reader = undefined;
  }
}

function load(): NonNullable<typeof encoders> {
  const { addExtension, Encoder } = loadOwnCbor();
  addExtension<URL, string>({
    Class: classOf<URL>(isUrl),
    tag: URL_TAG,
    encode: (url, encode) => encode(url.href),
    decode: (href) => new URL(href),
  });
  addExtension<object, object>({
    Class: classOf<object>((object) => Object.getPrototypeOf(object) === null),
    tag: NULL_PROTOTYPE_TAG,
    encode: (object, encode) => encode({ ...object }),
    decode: (object) => Object.assign(Object.create(null), object),
  });
  addExtension<ArrayBufferView, SegmentPlace>({
    Class: classOf<ArrayBufferView>((object) => writer !== undefined && isSegment(object)),
    tag: SEGMENT_TAG,
    encode: (view, encode) => encode((writer as SegmentWriter).add(view)),
    decode: (place) => (reader === undefined ? place : reader.read(place)) as ArrayBufferView,
  });
  // Its own looks at the global Date, which a test clock may have replaced.
  addExtension<Date, number>({
    Class: classOf<Date>(types.isDate),
    tag: DATE_TAG,
    encode: (date, encode) => encode(date.getTime() / 1000),
    decode: (seconds) => newDate(Math.round(seconds * 1000)),
  });
  return {
    compact: new Encoder(OPTIONS),
    floats: new Encoder({ ...OPTIONS, alwaysUseFloat: true }),
  };
}

/** What cbor-x, which asks `instanceof`, takes for a class of the objects for which `has` is true. */
function classOf<T>(has: (object: object) => boolean): new () => T {
  return { [Symbol.hasInstance]: has } as unknown as new () => T;
}
