import { endianness } from 'node:os';
import { types } from 'node:util';
import type { Bytes, Serialized } from './encoder';
import { adopt } from './realm';

export const TYPED_ARRAYS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

/** A typed array, Buffer, DataView or ArrayBuffer. */
export type Binary = ArrayBufferView | ArrayBuffer;

interface Kind {
  readonly elementSize: number;
  readonly make: (memory: ArrayBuffer) => Binary;
}

/** By the names that are saved. */
const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ...TYPED_ARRAYS.map((View): [string, Kind] => [
    View.name,
    { elementSize: View.BYTES_PER_ELEMENT, make: (memory) => new View(memory) },
  ]),
  ['Buffer', { elementSize: 1, make: (memory) => Buffer.from(memory) }],
  ['DataView', { elementSize: 1, make: (memory) => new DataView(memory) }],
  ['ArrayBuffer', { elementSize: 1, make: (memory) => adopt(memory) as ArrayBuffer }],
]);
const PREFIX = 'raw:';
const IS_BIG_ENDIAN = endianness() === 'BE';

function knownKind(kind: string): Kind {
  const known = KINDS.get(kind);
  if (known === undefined) throw new Error(`There is no kind of array called ${JSON.stringify(kind)}.`);
  return known;
}

export function isBinary(value: unknown): value is Binary {
  return ArrayBuffer.isView(value) || types.isArrayBuffer(value);
}

/** The name of the class, by which bytes are made into the same again. */
export function kindOf(binary: Binary): string {
  if (Buffer.isBuffer(binary)) return 'Buffer';
  return ArrayBuffer.isView(binary)
    ? (binary as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag]
    : 'ArrayBuffer';
}

/** @throws {Error} when there is no such kind */
export function elementSizeOf(kind: string): number {
  return knownKind(kind).elementSize;
}

/** The memory of a typed array and the like, not a copy of it. */
export function bytesOf(binary: Binary): Bytes {
  return ArrayBuffer.isView(binary)
    ? new Uint8Array(binary.buffer, binary.byteOffset, binary.byteLength)
    : new Uint8Array(binary);
}

/** A typed array and the like by itself: its very bytes, in the order of little-endian machines. */
export function encodeRaw(binary: Binary): Serialized {
  const kind = kindOf(binary);
  const bytes = littleEndian(kind, bytesOf(binary));
  return { format: PREFIX + kind, bytes, isView: !IS_BIG_ENDIAN };
}

export function isRawFormat(format: string): boolean {
  return format.startsWith(PREFIX) && KINDS.has(format.slice(PREFIX.length));
}

/** @param mayKeep - Whether the value may use the memory of the bytes. */
export function decodeRaw(format: string, bytes: Bytes, mayKeep: boolean): Binary {
  return makeBinary(format.slice(PREFIX.length), bytes, mayKeep);
}

/**
 * Makes bytes into what they were. It fills its memory: either that of the bytes, or a copy.
 *
 * @throws {Error} when there is no such kind, or the bytes are no whole number of its elements
 */
export function makeBinary(kind: string, bytes: Bytes, mayKeep = false): Binary {
  const fillsMemory = types.isArrayBuffer(bytes.buffer) && bytes.byteLength === bytes.buffer.byteLength;
  const own = mayKeep && fillsMemory ? bytes : new Uint8Array(bytes);
  return binaryOver(kind, littleEndian(kind, own).buffer as ArrayBuffer);
}

/** The same for bytes in the order of this machine, which become the memory of the value. */
export function binaryOver(kind: string, memory: ArrayBuffer): Binary {
  const known = knownKind(kind);
  if (memory.byteLength % known.elementSize !== 0)
    throw new Error(`${memory.byteLength} bytes are no whole number of elements of a ${kind}.`);
  return known.make(memory);
}

/** The bytes with those of each element turned around, on machines that keep them so; otherwise the bytes themselves. */
function littleEndian(kind: string, bytes: Bytes): Bytes {
  return IS_BIG_ENDIAN ? turnedAround(bytes, elementSizeOf(kind)) : bytes;
}

/** A copy in which the bytes of each element are in the opposite order. */
export function turnedAround(bytes: Bytes, elementSize: number): Bytes {
  const copy = new Uint8Array(bytes);
  if (elementSize > 1)
    for (let at = 0; at < copy.length; at += elementSize) copy.subarray(at, at + elementSize).reverse();
  return copy;
}
