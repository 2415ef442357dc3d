import { endianness } from 'node:os';
import { types } from 'node:util';
import type { Bytes, Serialized } from '../encoder';
import { fixPrototypes } from './foreign-realm';

const typedArrays = [
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

/** Prototypes of typed arrays and Buffers of this realm. */
export const viewPrototypes: ReadonlySet<object> = new Set([
  ...typedArrays.map(({ prototype }) => prototype),
  Buffer.prototype,
]);
export const typedArrayNames: ReadonlySet<string | undefined> = new Set(typedArrays.map(({ name }) => name));

/** A typed array, Buffer, DataView or ArrayBuffer. */
export type Binary = ArrayBufferView | ArrayBuffer;

interface BinaryType {
  readonly elementSize: number;
  readonly make: (memory: ArrayBuffer) => Binary;
}

/** Types by their saved names. */
const binaryTypes: ReadonlyMap<string, BinaryType> = new Map<string, BinaryType>([
  ...typedArrays.map((View): [string, BinaryType] => [
    View.name,
    { elementSize: View.BYTES_PER_ELEMENT, make: (memory) => new View(memory) },
  ]),
  ['Buffer', { elementSize: 1, make: (memory) => Buffer.from(memory) }],
  ['DataView', { elementSize: 1, make: (memory) => new DataView(memory) }],
  ['ArrayBuffer', { elementSize: 1, make: (memory) => fixPrototypes(memory) as ArrayBuffer }],
]);
const rawPrefix = 'raw:';
const isBigEndian = endianness() === 'BE';

function findBinaryType(type: string): BinaryType {
  const known = binaryTypes.get(type);
  if (known === undefined) throw new Error(`Unknown type of array: ${JSON.stringify(type)}.`);
  return known;
}

export function isBinary(value: unknown): value is Binary {
  return ArrayBuffer.isView(value) || types.isArrayBuffer(value);
}

/** The name of the class, from which bytes become the same type again. */
export function binaryTypeOf(binary: Binary): string {
  if (Buffer.isBuffer(binary)) return 'Buffer';
  return ArrayBuffer.isView(binary)
    ? (binary as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag]
    : 'ArrayBuffer';
}

/** @throws {Error} for an unknown type */
export function elementSizeOf(type: string): number {
  return findBinaryType(type).elementSize;
}

/** The bytes of a typed array, DataView or ArrayBuffer, in the same memory. */
export function bytesOf(binary: Binary): Bytes {
  return ArrayBuffer.isView(binary)
    ? new Uint8Array(binary.buffer, binary.byteOffset, binary.byteLength)
    : new Uint8Array(binary);
}

/** Encodes a typed array, DataView or ArrayBuffer as its bytes, in little-endian order. */
export function encodeRaw(binary: Binary): Serialized {
  const type = binaryTypeOf(binary);
  const bytes = toLittleEndian(type, bytesOf(binary));
  return { format: rawPrefix + type, bytes, isView: !isBigEndian };
}

export function isRawFormat(format: string): boolean {
  return format.startsWith(rawPrefix) && binaryTypes.has(format.slice(rawPrefix.length));
}

/** @param mayKeep whether the value may use the memory of the bytes */
export function decodeRaw(format: string, bytes: Bytes, mayKeep: boolean): Binary {
  return binaryFromBytes(format.slice(rawPrefix.length), bytes, mayKeep);
}

/**
 * Turns bytes into the type that they were. The value fills its memory: that of the bytes, or a copy.
 *
 * @throws {Error} for an unknown type, or when the bytes are not a whole number of its elements
 */
export function binaryFromBytes(type: string, bytes: Bytes, mayKeep = false): Binary {
  const fillsMemory = types.isArrayBuffer(bytes.buffer) && bytes.byteLength === bytes.buffer.byteLength;
  const own = mayKeep && fillsMemory ? bytes : new Uint8Array(bytes);
  return binaryFromMemory(type, toLittleEndian(type, own).buffer as ArrayBuffer);
}

/** Does the same with memory in the byte order of this machine, which the value uses. */
export function binaryFromMemory(type: string, memory: ArrayBuffer): Binary {
  const known = findBinaryType(type);
  if (memory.byteLength % known.elementSize !== 0)
    throw new Error(`${memory.byteLength} bytes are not a whole number of elements of a ${type}.`);
  return known.make(memory);
}

/** The bytes in little-endian order: a copy on big-endian machines, the bytes themselves on others. */
function toLittleEndian(type: string, bytes: Bytes): Bytes {
  return isBigEndian ? swapBytes(bytes, elementSizeOf(type)) : bytes;
}

/** A copy with the bytes of each element in the opposite order. */
export function swapBytes(bytes: Bytes, elementSize: number): Bytes {
  const copy = new Uint8Array(bytes);
  if (elementSize > 1)
    for (let at = 0; at < copy.length; at += elementSize) copy.subarray(at, at + elementSize).reverse();
  return copy;
}
