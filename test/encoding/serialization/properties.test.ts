import fc from 'fast-check';
import { UnsupportedValueError } from '../../../src/encoding/errors';
import { difference } from '../support/difference';
import { followPath } from '../support/follow-path';
import { refusalOf } from '../support/round-trip';
import { deserialize, serialize } from '../support/serialize';
import { anyValue, containersOf, put } from '../support/values';

const runs = { numRuns: Number(process.env['RUNS'] ?? 1_000) };

/** A value in which some containers are put into others, so that objects occur twice and cycles exist. */
const graphs = (values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.tuple(values, fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 4 })).map(([value, links]) => {
    const containers = containersOf(value);
    if (containers.length === 0) return value;
    for (const [into, what] of links) put(containers[into % containers.length]!, containers[what % containers.length]!);
    return value;
  });

const backAgain = (value: unknown): unknown => {
  const { format, bytes } = serialize(value);
  return deserialize(bytes, format);
};

test('every value that V8 supports comes back exactly', () => {
  fc.assert(
    fc.property(graphs(anyValue(['v8'])), (value) => {
      expect(difference(value, backAgain(value))).toBeUndefined();
    }),
    runs,
  );
});

test('every value that CBOR supports comes back exactly', () => {
  fc.assert(
    fc.property(anyValue(['cbor']), (value) => {
      expect(difference(value, backAgain(value))).toBeUndefined();
    }),
    runs,
  );
});

test('every value comes back exactly or is refused with a valid path', () => {
  fc.assert(
    fc.property(graphs(anyValue(['cbor', 'v8', 'v8 without cycles'])), (value) => {
      try {
        expect(difference(value, backAgain(value))).toBeUndefined();
      } catch (error) {
        if (!(error instanceof UnsupportedValueError)) throw error;
        expect(error.problem).toMatch(/only V8 can encode|leads back to/);
        expect(typeof followPath(value, error.path)).toBe('object');
      }
    }),
    runs,
  );
});

test('an error contains the path of the problem', () => {
  const wrong = [() => {}, Symbol('x'), Promise.resolve(), new (class Point {})(), new WeakSet(), Object(1)];
  fc.assert(
    fc.property(anyValue(['v8']), fc.nat(), fc.constantFrom(...wrong), (value, into, bad) => {
      const root = [value];
      const containers = containersOf(root);
      put(containers[into % containers.length]!, bad);
      expect(followPath(root, refusalOf(root).path)).toBe(bad);
    }),
    runs,
  );
});
