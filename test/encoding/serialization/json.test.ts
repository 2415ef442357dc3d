import fc from 'fast-check';
import type { Serialized } from '../../../src/encoding/encoder';
import { UnsupportedValueError } from '../../../src/encoding/errors';
import { json } from '../../../src/encoding/serialization/serializers';
import { difference } from '../support/difference';
import { anyValue } from '../support/values';

const cycle: unknown[] = [];
cycle.push({ cycle });
let deep: unknown = 1;
for (let i = 0; i < 501; i++) deep = [deep];

test.each<[string, unknown]>([
  ['objects', { a: [1, 'two', true, null, { b: [] }], c: {}, '': 0, '2': 'b', '1': 'a' }],
  ['lone surrogates', ['a\ud800b', { '\udc00': 1 }]],
  ['lone surrogates alone', '\ud800'],
  ['__proto__ as a key', JSON.parse('{ "__proto__": { "a": 1 } }')],
  ['numbers at the edges', [5e-324, 1.7976931348623157e308, 2 ** 53, -1.1]],
])('brings %s back', (_, value) => {
  const { bytes, format } = json.serialize(value) as Serialized;
  expect(format).toBe('json');
  expect(difference(value, json.deserialize(bytes, format))).toBeUndefined();
});

test.each<[string, unknown, string, string]>([
  ['undefined', undefined, 'result', 'is undefined, which JSON does not have'],
  ['undefined inside', { a: [{ b: undefined }] }, 'result.a[0].b', 'is undefined, which JSON does not have'],
  ['-0', { a: -0 }, 'result.a', 'is -0, which JSON does not have'],
  ['NaN', [Number.NaN], 'result[0]', 'is NaN, which JSON does not have'],
  ['a bigint', [1n], 'result[0]', 'is a bigint, which JSON does not have'],
  ['a function', { f() {} }, 'result.f', 'is a function, which JSON does not have'],
  ['a hole', [new Array(1)], 'result[0][0]', 'is a hole, which JSON does not have'],
  ['a date', { at: new Date(0) }, 'result.at', 'is of the built-in class Date; return plain data'],
  ['a typed array', new Float64Array(1), 'result', 'is of the built-in class Float64Array; return plain data'],
  ['no prototype', [Object.create(null)], 'result[0]', 'has no prototype, which JSON would give it; return { ...it }'],
  ['more than elements', Object.assign([1], { x: 1 }), 'result.x', 'is a property added to a built-in object'],
  ['a symbol key', { [Symbol('s')]: 1 }, 'result[Symbol(s)]', 'has a symbol key'],
  [
    'an accessor',
    {
      get a() {
        return 1;
      },
    },
    'result.a',
    'is an accessor, not a value',
  ],
  ['what is hidden', Object.defineProperty({}, 'x', { value: 1 }), 'result.x', 'is not enumerable'],
  ['a cycle', cycle, 'result[0].cycle', 'leads back to the array that contains it'],
])('refuses %s, with its path', (_, value, path, problem) => {
  expect(() => json.serialize(value)).toThrow(expect.objectContaining({ path, problem }));
});

test('refuses values that are too deep', () => {
  expect(() => json.serialize(deep)).toThrow('is nested more than 500 levels deep');
});

test('every value comes back exactly or is refused', () => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), anyValue(['v8'])), (value) => {
      try {
        const { bytes, format } = json.serialize(value) as Serialized;
        expect(difference(value, json.deserialize(bytes, format))).toBeUndefined();
      } catch (error) {
        if (!(error instanceof UnsupportedValueError)) throw error;
      }
    }),
    { numRuns: 500 },
  );
});
