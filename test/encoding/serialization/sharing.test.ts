import { expectExact, refusalOf } from '../support/round-trip';

function nested(levels: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = wrap(value);
  return value;
}

test('keeps the identity of objects that occur twice', () => {
  const [shared, date, bytes] = [{ a: 1 }, new Date(), new Uint8Array([1])];
  const bare = Object.assign(Object.create(null), { shared });
  expect(expectExact([shared, { shared }, [date, date], bytes, bytes, bare, bare, new Map([[shared, shared]])])).toBe(
    'cbor',
  );
});

test('keeps cycles', () => {
  const parent: Record<string, unknown> = { name: 'parent' };
  parent['children'] = [{ parent }, new Map([['up', parent]]), new Set([parent])];
  expect(expectExact(parent)).toBe('cbor');
});

test('keeps cycles through a Map or a Set that contains itself', () => {
  const [map, set] = [new Map<unknown, unknown>(), new Set<unknown>()];
  map.set('self', { map });
  set.add([set]);
  expect(expectExact(map)).toBe('v8');
  expect(expectExact({ set })).toBe('v8');
});

test('refuses cycles through an error or an object without prototype, which no encoding keeps', () => {
  const loop: Record<string, unknown> = {};
  loop['error'] = new Error('x', { cause: loop });
  const bare = Object.create(null);
  bare.list = [bare];
  expect(refusalOf([loop['error']])).toMatchObject({
    path: 'result[0].cause.error',
    problem: 'leads back to the Error that contains it',
  });
  expect(refusalOf(bare)).toMatchObject({
    path: 'result.list[0]',
    problem: 'leads back to the object without prototype that contains it',
  });
});

test('keeps an error that occurs twice', () => {
  const cause = new RangeError('below');
  expect(expectExact([new Error('a', { cause }), new Error('b', { cause }), cause])).toBe('v8');
});

test.each([
  [65_536, 'cbor'],
  [65_537, 'v8'],
])('keeps %i objects that occur twice', (count, format) => {
  const objects = Array.from({ length: count }, (_, i) => ({ i }));
  expect(expectExact([objects, [...objects]])).toBe(format);
});

test.each([
  ['arrays', (inner: unknown) => [inner]],
  ['objects', (a: unknown) => ({ a })],
  ['Maps', (inner: unknown) => new Map([[inner, inner]])],
  ['Sets', (inner: unknown) => new Set([inner])],
])('keeps %s in each other, and refuses them where they are too deep', (_, wrap) => {
  expect(expectExact(nested(200, wrap))).toBe('cbor');
  expect(expectExact(nested(201, wrap))).toBe('v8');
  expect(expectExact(nested(500, wrap))).toBe('v8');
  expect(refusalOf(nested(501, wrap)).problem).toBe('is nested more than 500 levels deep');
  expect(refusalOf(nested(100_000, wrap)).problem).toBe('is nested more than 500 levels deep');
});

test('inspects an object once that occurs very often', () => {
  let value: unknown = {};
  for (let i = 0; i < 150; i++) value = [value, value];
  expect(expectExact(value)).toBe('cbor');
});

test('keeps the flags of visited objects when an object is inspected again', () => {
  const many = Array.from({ length: 3_000 }, () => ({}));
  expect(expectExact({ many, holes: new Array(1), none: undefined })).toBe('v8');
});
