import fc from 'fast-check';
import { brotli } from '../../src/encoding/compression/zlib';
import { encoder } from '../../src/encoding/make-encoder';
import { shuffle } from '../../src/encoding/shuffle';
import { difference } from './support/difference';
import { through } from './support/through';
import { anyValue } from './support/values';

const shuffling = encoder({ filters: [shuffle()], compressor: null });

test('groups the first bytes of all elements, then the second ones', () => {
  const value = Uint16Array.of(0x0102, 0x0304, 0x0506);
  expect([...(shuffle().encode(value) as Uint8Array)].slice(0, 6)).toEqual([2, 4, 6, 1, 3, 5]);
});

test('makes numbers compress better', async () => {
  const value = Float64Array.from({ length: 20_000 }, (_, i) => Math.sin(i / 1_000) * 1_000);
  const [plain, shuffled] = await Promise.all(
    [[], [shuffle()]].map((filters) => through(encoder({ filters, compressor: brotli() }), value)),
  );
  expect(difference(value, shuffled!.back)).toBeUndefined();
  expect(shuffled!.kept.byteLength).toBeLessThan(plain!.kept.byteLength * 0.9);
});

test.each([
  ['none', new Float64Array(0)],
  ['more than one piece', Float64Array.from({ length: 300_001 }, (_, i) => i / 3)],
  ['a view', new Int32Array(new ArrayBuffer(80), 8, 3).fill(-5)],
  ['bytes', Buffer.from('abc')],
  ['a DataView', new DataView(new ArrayBuffer(3))],
  ['an ArrayBuffer', new Uint8Array([1, 2]).buffer],
])('brings %s back as it was', async (_, value) => {
  const { back } = await through(shuffling, value);
  expect(difference(value, back)).toBeUndefined();
});

test('leaves other values unchanged', async () => {
  await fc.assert(
    fc.asyncProperty(anyValue(['v8']), async (value) => {
      expect(difference(value, (await through(shuffling, value)).back)).toBeUndefined();
    }),
    { numRuns: 200 },
  );
});

test('lets the serializer refuse a value', () => {
  const value = Object.assign(new Float64Array(2), { unit: 'm' });
  expect(() => shuffling.serialization.serialize(value)).toThrow('Cannot save result.unit: it is a property added');
});

test('turns numbers into bytes, so that no serializer is needed', async () => {
  const bare = encoder({ filters: [shuffle()], serializer: null });
  expect(bare.serialization.id).toBe('shuffle+bytes');
  expect((await through(bare, Float32Array.of(1, 2))).back).toEqual(Float32Array.of(1, 2));
});
