import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { types } from 'node:util';
import { isUrl, newDate } from '../../base/built-in-classes';
import { nodeRequire, ownFolder } from '../../base/own-folder';
import type { Bytes } from '../encoder';
import { isSegment, type SegmentPlace, type SegmentReader, type SegmentWriter } from './segments';

const cborOptions = {
  useRecords: false,
  variableMapSize: true,
  structuredClone: true,
  mapsAsObjects: true,
  useTag259ForMaps: true,
  tagUint8Array: true,
  copyBuffers: true,
} as const;
/** Lets cbor-x reuse its pool, since every result is a copy. */
const resetBufferMode = 1024;
/** Values of up to this size may stay in memory until the next value is encoded. */
const smallBytes = 16 * 1024;
const initialPoolBytes = 8 * 1024;
const largePoolBytes = 1024 * 1024;
/** Tag of times, in seconds. */
const dateTag = 1;
const urlTag = 1140;
const nullPrototypeTag = 1141;
const segmentTag = 1142;

/** cbor-x misreads lengths and positions above this. */
export const maxCborBytes = 2 ** 31 - 1;

let encoders: { readonly compact: CborEncoder; readonly floats: CborEncoder } | undefined;
/** Receives or gives the large typed arrays of the value that is being encoded or decoded. */
let writer: SegmentWriter | undefined;
let reader: SegmentReader | undefined;

/**
 * Encodes with cbor-x.
 *
 * @param usesFloats writes every number as a float, which keeps -0
 * @param segments receives the large typed arrays, if they are stored apart
 */
export function encodeCbor(value: unknown, usesFloats: boolean, segments?: SegmentWriter): Bytes {
  encoders ??= createEncoders();
  const encoder = usesFloats ? encoders.floats : encoders.compact;
  writer = segments;
  try {
    const view = encoder.encode(value, resetBufferMode);
    const bytes = new Uint8Array(view);
    if (bytes.length > smallBytes) releaseMemory(encoder, view.buffer.byteLength);
    return bytes;
  } catch (error) {
    releaseMemory(encoder, Number.POSITIVE_INFINITY);
    throw error;
  } finally {
    writer = undefined;
  }
}

/** cbor-x references the objects of the last value until it encodes another one, and its pool never shrinks. */
function releaseMemory(encoder: CborEncoder, poolBytes: number): void {
  if (poolBytes > largePoolBytes) encoder.useBuffer(Buffer.allocUnsafeSlow(initialPoolBytes));
  encoder.encode(null, resetBufferMode);
}

/** @throws {Error} when the bytes are not those of a value */
export function decodeCbor(bytes: Bytes, segments?: SegmentReader): unknown {
  encoders ??= createEncoders();
  reader = segments;
  try {
    // Byte strings of a Buffer become Buffers. And cbor-x adds a property to the object that it receives.
    return encoders.compact.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } finally {
    reader = undefined;
  }
}

function createEncoders(): NonNullable<typeof encoders> {
  const { addExtension, Encoder } = loadOwnCbor();
  addExtension<URL, string>({
    Class: classMatching<URL>(isUrl),
    tag: urlTag,
    encode: (url, encode) => encode(url.href),
    decode: (href) => new URL(href),
  });
  addExtension<object, object>({
    Class: classMatching<object>((object) => Object.getPrototypeOf(object) === null),
    tag: nullPrototypeTag,
    encode: (object, encode) => encode({ ...object }),
    decode: (object) => Object.assign(Object.create(null), object),
  });
  addExtension<ArrayBufferView, SegmentPlace>({
    Class: classMatching<ArrayBufferView>((object) => writer !== undefined && isSegment(object)),
    tag: segmentTag,
    encode: (view, encode) => encode((writer as SegmentWriter).add(view)),
    decode: (place) => (reader === undefined ? place : reader.read(place)) as ArrayBufferView,
  });
  // The extension of cbor-x uses the global Date, which a test clock may have replaced.
  addExtension<Date, number>({
    Class: classMatching<Date>(types.isDate),
    tag: dateTag,
    encode: (date, encode) => encode(date.getTime() / 1000),
    decode: (seconds) => newDate(Math.round(seconds * 1000)),
  });
  return {
    compact: new Encoder(cborOptions),
    floats: new Encoder({ ...cborOptions, alwaysUseFloat: true }),
  };
}

/** A class for cbor-x, which asks `instanceof`: its instances are the objects for which `has` is true. */
function classMatching<T>(has: (object: object) => boolean): new () => T {
  return { [Symbol.hasInstance]: has } as unknown as new () => T;
}

/** The used part of cbor-x; its own declarations omit half of it, and describe its ES module. */
interface CborX {
  readonly Encoder: new (options: object) => CborEncoder;
  addExtension<T, R>(extension: {
    readonly Class: new () => T;
    readonly tag: number;
    encode(value: T, encode: (data: R) => void): void;
    decode(data: R): T;
  }): void;
}
interface CborEncoder {
  encode(value: unknown, mode: number): Buffer;
  decode(bytes: Buffer): unknown;
  useBuffer(buffer: Buffer): void;
}

/**
 * Loads a copy of cbor-x that nothing else in the process uses.
 *
 * Extensions and limits belong to the module: an extension of the program's own cbor-x would change what Tidemark saves
 * and loads, and the extensions of Tidemark would change what the program encodes.
 */
function loadOwnCbor(): CborX {
  // A bundle contains this entry, which programs rarely use themselves.
  return loadFromFile() ?? (require('cbor-x/index-no-eval') as CborX);
}

/** Evaluates the source again, since test runners hide their module caches. */
function loadFromFile(): CborX | undefined {
  if (ownFolder === undefined) return undefined;
  let file: string;
  let run: Function;
  try {
    file = nodeRequire.resolve('cbor-x');
    run = new Function('exports', 'require', 'module', '__filename', '__dirname', sourceOf(file));
  } catch {
    // Node runs with --disallow-code-generation-from-strings, or a test mocks the file system.
    return undefined;
  }
  const module = { exports: {} };
  run.call(module.exports, module.exports, createRequire(file), module, file, dirname(file));
  return module.exports as CborX;
}

function sourceOf(file: string): string {
  const source = readFileSync(file, 'utf8').replace(/\n\/\/# sourceMappingURL=.*\s*$/, '');
  return `${source}\n//# sourceURL=${file}`;
}
