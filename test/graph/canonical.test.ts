import { isDeepStrictEqual } from 'node:util';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { canonical } from '../../src/graph/canonical';

it.each<[unknown, string]>([
  [undefined, 'u'],
  [null, 'n'],
  [true, 't'],
  [false, 'f'],
  [1.5, 'd1.5;'],
  [-0, 'd0;'],
  [Number.NaN, 'dNaN;'],
  [-Infinity, 'd-Infinity;'],
  [12n, 'i12;'],
  ['abc', 's3:abc'],
  ['\u{1F30A}', 's2:\u{1F30A}'],
  ['a\ud800', 'w2:0061d800'],
  [[1, 'a', []], '[d1;s1:a[]]'],
  [{ b: 1, a: undefined, '': null }, '{s0:ns1:bd1;}'],
  [new Date(5), 'D5;'],
  [new Date(Number.NaN), 'DNaN;'],
  [/a\/b/gi, 'Rs4:a\\/bs2:gi'],
  [new URL('https://example.org/?q'), 'Us22:https://example.org/?q'],
  [
    new Map<unknown, unknown>([
      ['b', 1],
      ['a', [2]],
    ]),
    'M{s1:a[d2;]s1:bd1;}',
  ],
  [new Set([2, 1]), 'S{d1;d2;}'],
  [Uint8Array.of(1, 2), 'BUint8Array;a12871fee210fb8619291eaea194581cbd2531e4b23759d225f6806923f63222'],
  [Buffer.of(1, 2), 'BBuffer;a12871fee210fb8619291eaea194581cbd2531e4b23759d225f6806923f63222'],
])('writes %p as %s', (value, text) => {
  expect(canonical(value)).toBe(text);
});

/** Values that must all have different text. */
const different: readonly unknown[] = [
  undefined,
  null,
  0,
  1,
  '1',
  true,
  1n,
  'true',
  'null',
  'undefined',
  '',
  Number.NaN,
  'NaN',
  Infinity,
  -Infinity,
  [],
  {},
  new Map(),
  new Set(),
  [1],
  new Set([1]),
  { 0: 1 },
  new Map([[0, 1]]),
  new Map([['0', 1]]),
  [[1]],
  [1, 1],
  [undefined],
  [null],
  [[]],
  [[], []],
  [[[]]],
  { a: null },
  { a: {} },
  { a: [] },
  new Set([[]]),
  new Set([undefined]),
  ['a', 'b'],
  ['a,b'],
  ['ab'],
  ['a', ['b']],
  { a: 'b' },
  { a: 'bs1:c' },
  { a: 'b', c: '' },
  's1:a',
  '{}',
  '[]',
  'd1;',
  new Date(0),
  new Date(0).toISOString(),
  new Date(Number.NaN),
  'D0;',
  { date: 0 },
  Buffer.of(1),
  Uint8Array.of(1),
  Int8Array.of(1),
  Uint8ClampedArray.of(1),
  Uint16Array.of(1),
  new Float64Array(1),
  new Float32Array(2),
  new BigInt64Array(1),
  new Uint8Array(0),
  '\ud800',
  '\udfff',
  '\ufffd',
  '\ud800\ud800',
  '\ud83c\udf0a',
  'd800',
  '𐀀',
  /a/,
  /a/g,
  '/a/',
  /ag/,
  new URL('https://a.org/'),
  'https://a.org/',
  { __proto__: null, __proto: 1 },
  JSON.parse('{"__proto__":1}'),
]; // prettier-ignore

it('distinguishes similar values', () => {
  const texts = different.map((value) => canonical(value));
  const twice = texts.filter((text, i) => texts.indexOf(text) !== i);
  expect(twice).toEqual([]);
});

it('has equal text for equal values of another realm, prototype or buffer', () => {
  const [map, date, array, object] = runInNewContext('[new Map([[1, 2]]), new Date(3), [1], { a: 1 }]');
  expect(canonical([map, date, array, object])).toBe(canonical([new Map([[1, 2]]), new Date(3), [1], { a: 1 }]));
  expect(canonical(Object.assign(Object.create(null), { a: 1 }))).toBe(canonical({ a: 1 }));
  expect(canonical(Uint8Array.of(9, 1, 2, 9).subarray(1, 3))).toBe(canonical(Uint8Array.of(1, 2)));
  expect(canonical([-0, { a: undefined }])).toBe(canonical([0, {}]));
});

it.each([
  [() => 1, 'a function cannot be part of a key'],
  [Symbol('a'), 'a symbol cannot be part of a key'],
  [new (class Model {})(), 'an instance of Model cannot be part of a key'],
  [Promise.resolve(), 'an instance of Promise cannot be part of a key'],
  [new Error('a'), 'an instance of Error cannot be part of a key'],
])('rejects %p', (value, message) => {
  expect(() => canonical([value])).toThrow(message);
});

// Few and short, and full of the characters of the text itself, so that many are similar.
const text = fc.string({
  unit: fc.constantFrom('s', '1', ':', ';', '{', '}', '[', ']', 'd', 'u', '\ud83c', '\udf0a'),
  maxLength: 4,
});
const primitive = fc.oneof(
  text,
  fc.constantFrom<unknown>(undefined, null, true, false, 0, -0, 1, 1n, -1, Number.NaN),
  fc.double(),
  fc.bigInt(),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    primitive,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(text, tie('value'), { maxKeys: 3 }),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(primitive, { maxLength: 3 }).map((items) => new Set(items)),
    fc.constantFrom(0, 1).map((time) => new Date(time)),
    fc.uint8Array({ maxLength: 2 }),
  ),
}));

/** The value with all irrelevant differences removed, and all irrelevant orders reversed. */
function reordered(given: unknown): unknown {
  if (Array.isArray(given)) return given.map(reordered);
  if (given instanceof Map) return new Map([...given].reverse().map(([key, item]) => [key, reordered(item)]));
  if (given instanceof Set) return new Set([...given].reverse());
  if (given === 0) return 0;
  if (given === null || typeof given !== 'object' || given instanceof Date || given instanceof Uint8Array) return given;
  const entries = Object.entries(given).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.reverse().map(([name, item]) => [name, reordered(item)]));
}

it('is equal for equal values, in any order of keys and entries', () => {
  fc.assert(fc.property(value, (one) => expect(canonical(reordered(one))).toBe(canonical(one))));
});

it('differs for different values', () => {
  const check = (one: unknown, other: unknown) =>
    expect(canonical(one) === canonical(other)).toBe(isDeepStrictEqual(reordered(one), reordered(other)));
  fc.assert(fc.property(value, value, check), { numRuns: 3_000 });
});

it('is prefix-free: no text is the start of another', () => {
  fc.assert(
    fc.property(value, value, (one, other) => {
      const [a, b] = [canonical(one), canonical(other)];
      expect(a === b || !b.startsWith(a)).toBe(true);
    }),
    { numRuns: 3_000 },
  );
});
