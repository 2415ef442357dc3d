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
/** Lets cbor-x write into the same pool again: everything given out is a copy. */
const resetBufferMode = 1024;
/** What is as small as this may stay in memory until the next value is encoded. */
const smallBytes = 16 * 1024;
const initialPoolBytes = 8 * 1024;
const largePoolBytes = 1024 * 1024;
/** Of times, which are seconds. */
const dateTag = 1;
const urlTag = 1140;
const nullPrototypeTag = 1141;
const segmentTag = 1142;

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
  encoders ??= createEncoders();
  const encoder = floats ? encoders.floats : encoders.compact;
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

/** Until it encodes again, cbor-x holds the objects of the last value, and its pool never shrinks. */
function releaseMemory(encoder: CborEncoder, poolBytes: number): void {
  if (poolBytes > largePoolBytes) encoder.useBuffer(Buffer.allocUnsafeSlow(initialPoolBytes));
  encoder.encode(null, resetBufferMode);
}

/** @throws {Error} when these are not the bytes of a value. */
export function decodeCbor(bytes: Bytes, segments?: SegmentReader): unknown {
  encoders ??= createEncoders();
  reader = segments;
  try {
    // From a Buffer byte strings become Buffers, and it is this object that cbor-x hangs a property on.
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
  // Its own looks at the global Date, which a test clock may have replaced.
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

/** What cbor-x, which asks `instanceof`, takes for a class of the objects for which `has` is true. */
function classMatching<T>(has: (object: object) => boolean): new () => T {
  return { [Symbol.hasInstance]: has } as unknown as new () => T;
}

/** What is used of cbor-x; its own declarations leave out half of it, and are of its ES module. */
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
 * A copy of cbor-x that nothing else in the process uses.
 *
 * Its extensions and limits are those of the module: a program that gives its own cbor-x an extension would change what
 * is saved and loaded here, and the extensions made here would change what the program encodes.
 */
function loadOwnCbor(): CborX {
  // A bundle holds this entry, which programs hardly ever use themselves.
  return loadFromFile() ?? (require('cbor-x/index-no-eval') as CborX);
}

/** Evaluated anew, since caches of modules are out of reach in test runners. */
function loadFromFile(): CborX | undefined {
  if (ownFolder === undefined) return undefined;
  let file: string;
  let run: Function;
  try {
    file = nodeRequire.resolve('cbor-x');
    run = new Function('exports', 'require', 'module', '__filename', '__dirname', sourceOf(file));
  } catch {
    // Node was told not to make code of text (--disallow-code-generation-from-strings), or a test mocks the file system.
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
