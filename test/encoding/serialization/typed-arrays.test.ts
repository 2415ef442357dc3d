import { cbor, v8 } from '../../../src/encoding/serialization/serializers';
import { swapBytes } from '../../../src/encoding/serialization/typed-arrays';
import { difference } from '../support/difference';
import { expectExact, refusalOf } from '../support/round-trip';
import { deserialize, serialize } from '../support/serialize';

const large = (length = 10_000) => Float64Array.from({ length }, (_, i) => i / 3);
const lone: [string, ArrayBufferView | ArrayBuffer][] = [
  ['Float64Array', Float64Array.from([-0, Number.NaN, 1.5])],
  ['Float32Array', new Float32Array(0)],
  ['BigUint64Array', BigUint64Array.from([2n ** 64n - 1n])],
  ['Uint8ClampedArray', Uint8ClampedArray.from([1, 300])],
  ['Int16Array', new Int16Array(new ArrayBuffer(64), 8, 3).fill(-2)],
  ['Uint8Array', new Uint8Array([1, 2, 3])],
  ['Buffer', Buffer.from('abc')],
  ['DataView', new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2)],
  ['ArrayBuffer', new Uint8Array([1, 2, 3]).buffer],
];

test.each(lone)('writes a single %s as its bytes, without a copy', (kind, value) => {
  const { format, bytes, isView } = serialize(value);
  expect(format).toBe(`raw:${kind}`);
  expect(isView).toBe(true);
  expect(bytes.buffer).toBe(ArrayBuffer.isView(value) ? value.buffer : value);
  expect(bytes.byteLength).toBe(value.byteLength);
  expect(difference(value, deserialize(bytes, format))).toBeUndefined();
});

test('uses memory that it may keep for a typed array', () => {
  const bytes = new Uint8Array(Float64Array.from([1.5, 2.5]).buffer);
  const value = cbor.deserialize(bytes, 'raw:Float64Array', true) as Float64Array;
  expect(value.buffer).toBe(bytes.buffer);
  expect([...value]).toEqual([1.5, 2.5]);
});

test.each([
  ['is not its own to keep', new Uint8Array(16), false],
  ['is part of a bigger buffer', new Uint8Array(24).subarray(8), true],
  ['is not aligned', new Uint8Array(20).subarray(3, 19), true],
])('copies memory that %s', (_, bytes, mayKeep) => {
  const value = cbor.deserialize(bytes, 'raw:Float64Array', mayKeep) as Float64Array;
  expect(value.buffer).not.toBe(bytes.buffer);
  expect(value.buffer.byteLength).toBe(16);
});

test('refuses bytes that are not a whole number of elements', () => {
  expect(() => deserialize(new Uint8Array(9), 'raw:Float64Array')).toThrow(
    '9 bytes are not a whole number of elements',
  );
  expect(() => deserialize(new Uint8Array(9), 'raw:Point')).toThrow('Unknown format "raw:Point"');
});

test.each([
  ['cbor+raw', 1],
  ['v8+raw', new Array(1)],
])('keeps large typed arrays apart, as %s', (format, beside) => {
  const value = {
    beside,
    floats: large(),
    small: new Float64Array(3),
    list: [Buffer.alloc(70_001, 7), new BigInt64Array(9_000).fill(-3n), new DataView(new ArrayBuffer(65_536))],
    clamped: new Map([['x', new Uint8ClampedArray(65_537)]]),
  };
  expect(expectExact(value)).toBe(format);
  const { bytes } = serialize(value);
  expect(new DataView(bytes.buffer).getUint32(0, true)).toBeLessThan(500);
  const floats = (deserialize(bytes, format) as typeof value).floats;
  expect(floats.buffer.byteLength).toBe(80_000);
});

test('decodes large typed arrays from any part of a bigger buffer', () => {
  const { bytes, format } = serialize({ a: large(), b: new Int16Array(40_001).fill(5) });
  const part = Buffer.concat([Buffer.alloc(3), bytes, Buffer.alloc(2)]).subarray(3, -2);
  expect(difference(deserialize(bytes, format), deserialize(part, format))).toBeUndefined();
});

test('keeps the identity of a large typed array that occurs twice', () => {
  const floats = large();
  expect(expectExact([floats, { again: floats }])).toBe('cbor+raw');
  expect(expectExact([floats, { again: floats }, new Array(1)])).toBe('v8+raw');
});

test('separates two views on one ArrayBuffer, large or small', () => {
  const buffer = new ArrayBuffer(160_000);
  const [a, b] = deserialize(
    serialize([new Uint8Array(buffer), new Uint8Array(buffer, 0, 80_000)]).bytes,
    'cbor+raw',
  ) as [Uint8Array, Uint8Array];
  expect(a.buffer).not.toBe(b.buffer);
  expect([a.buffer.byteLength, b.buffer.byteLength]).toEqual([160_000, 80_000]);
});

test('keeps -0 beside a large typed array', () => {
  expect(expectExact([-0, large()])).toBe('cbor+raw');
});

test('refuses large typed arrays for the same reasons as small ones', () => {
  class Block extends Float64Array {}
  expect(refusalOf({ a: new Block(10_000) })).toMatchObject({ path: 'result.a' });
  expect(refusalOf([new Uint8Array(new SharedArrayBuffer(70_000))]).problem).toContain('SharedArrayBuffer');
  expect(refusalOf([Object.assign(new Uint8Array(70_000), { x: 1 })]).path).toBe('result[0].x');
});

test('throws for bytes that end too early', () => {
  const { bytes, format } = serialize([large()]);
  for (const end of [0, 4, 12, 40, bytes.length - 8]) {
    expect(() => deserialize(bytes.subarray(0, end), format)).toThrow();
  }
});

test("the v8 serializer writes V8's format, and typed arrays as their bytes", () => {
  const formats = [{ a: 1 }, 1, large(), { a: large() }].map(
    (value) => (v8.serialize(value) as { format: string }).format,
  );
  expect(formats).toEqual(['v8', 'v8', 'raw:Float64Array', 'v8+raw']);
});

test('swaps bytes for big-endian machines', () => {
  const bytes = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
  expect([...swapBytes(bytes, 4)]).toEqual([4, 3, 2, 1, 8, 7, 6, 5]);
  expect([...swapBytes(bytes, 1)]).toEqual([...bytes]);
  expect(new DataView(swapBytes(new Uint8Array(Float64Array.of(1.5).buffer), 8).buffer).getFloat64(0)).toBe(1.5);
});
