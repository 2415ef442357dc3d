import fc from 'fast-check';
import { deepFreeze } from '../../src/encoding/copies/freeze';
import { CannotDecodeError } from '../../src/encoding/errors';
import { registerType } from '../../src/encoding/register-type';
import { difference } from './support/difference';
import { expectExact, refusalOf } from './support/round-trip';
import { deserialize, serialize } from './support/serialize';
import { anyValue, containersOf, put } from './support/values';

class Point {
  constructor(
    readonly x: number,
    readonly y: unknown,
  ) {}
}
class Matrix {
  readonly #data: Float64Array;
  constructor(data: Float64Array) {
    this.#data = data;
  }
  static {
    registerType(Matrix, {
      name: 'Matrix',
      encode: (matrix) => ({ data: matrix.#data }),
      decode: ({ data }: { data: Float64Array }) => new Matrix(data),
    });
  }
  get sum(): number {
    return this.#data.reduce((sum, one) => sum + one, 0);
  }
}
class HttpError extends Error {
  constructor(readonly status: number) {
    super(`status ${status}`);
  }
}
class Tags extends Map<string, unknown> {}

registerType(Point, { name: 'Point', encode: ({ x, y }) => [x, y], decode: ([x, y]) => new Point(x, y) });
registerType(HttpError, {
  name: 'HttpError',
  encode: ({ status }) => status,
  decode: (status) => new HttpError(status),
});
registerType(Tags, { name: 'Tags', encode: (tags) => [...tags], decode: (entries) => new Tags(entries) });

const back = (value: unknown): any => {
  const { bytes, format } = serialize(value);
  return deserialize(bytes, format);
};

test.each<[string, string, unknown]>([
  ['by itself', 'cbor+types', new Point(1, 2)],
  [
    'anywhere',
    'cbor+types',
    { a: [new Point(1, { b: [2] })], m: new Map([[new Point(1, 1), new Set([new Point(2, 2)])]]) },
  ],
  ['in another', 'cbor+types', new Point(1, new Point(2, [new Tags([['p', new Point(3, 3)]])]))],
  [
    'beside what only V8 encodes',
    'v8+types',
    [new Array(1), new Point(1, new Date(5)), Object.assign([1], { columns: [new Point(1, 1)] })],
  ],
  ['with -0', 'cbor+types', [new Point(-0, 1)]],
  [
    'beside URLs and bare objects',
    'cbor+types',
    [new URL('http://a'), Object.assign(Object.create(null), { p: new Point(1, 1) })],
  ],
  ['in the cause of an error', 'v8+types', [new TypeError('x', { cause: { p: new Point(1, 1) } })]],
  ['that is a Map or has __proto__ beside it', 'v8+types', [new Tags([['a', 1]]), JSON.parse('{ "__proto__": [1] }')]],
  ['with a large typed array', 'cbor+raw+types', [new Point(1, new Float64Array(10_000).fill(0.5))]],
])('saves an instance %s', (_, format, value) => {
  expect(expectExact(value)).toBe(format);
});

test('saves private state of instances', () => {
  expect(back([new Matrix(new Float64Array(10_000).fill(2))])[0].sum).toBe(20_000);
});

test('saves an error of a class of its own', () => {
  const error = back({ error: new HttpError(404) }).error;
  expect(error).toBeInstanceOf(HttpError);
  expect(error).toMatchObject({ status: 404, message: 'status 404' });
});

test('keeps the identity of an instance that occurs twice, and encodes it once', () => {
  const encode = jest.fn(() => 1);
  class Once {}
  registerType(Once, { name: 'Once', encode, decode: () => new Once() });
  const one = new Once();
  const [a, b] = back([one, { b: one }]);
  expect(a).toBe(b.b);
  expect(encode).toHaveBeenCalledTimes(1);
});

test('keeps cycles around an instance, and refuses those through it', () => {
  const around: Record<string, unknown> = {};
  around['point'] = new Point(1, around);
  const decoded = back(around);
  expect(decoded.point.y).toBe(decoded);
  const [start] = [new Point(1, [])];
  (start.y as unknown[]).push(start);
  expect(refusalOf({ start })).toMatchObject({
    path: 'result.start[1][0]',
    problem: 'leads back to the Point that contains it',
  });
});

test('keeps more instances than cbor-x can number', () => {
  const points = Array.from({ length: 70_000 }, (_, i) => new Point(i, i));
  const decoded = back(points);
  expect(decoded).toHaveLength(70_000);
  expect(decoded[69_999]).toEqual(new Point(69_999, 69_999));
});

test('refuses a value inside an instance, with its path', () => {
  expect(refusalOf({ p: new Point(1, { f() {} }) })).toMatchObject({ path: 'result.p[1].f', problem: 'is a function' });
});

test('refuses subclasses of registered classes', () => {
  class Pixel extends Point {}
  expect(refusalOf([new Pixel(1, 2)]).problem).toContain('is an instance of Pixel');
});

test('reports that encode threw', () => {
  class Broken {}
  const cause = new Error('no');
  registerType(Broken, {
    name: 'Broken',
    encode: () => {
      throw cause;
    },
    decode: () => new Broken(),
  });
  expect(refusalOf({ a: [new Broken()] })).toMatchObject({ path: 'result.a[0]', cause });
});

test('accepts the same class again, but no other with its name', () => {
  const again = class Point {
    x = 7;
  };
  const { bytes, format } = serialize(new Point(1, 2));
  registerType(again, { name: 'Point', encode: () => 1, decode: () => new again() });
  expect(deserialize(bytes, format)).toBeInstanceOf(again);
  expect(refusalOf(new Point(1, 2)).problem).toContain('is an instance of Point');
  registerType(Point, { name: 'Point', encode: ({ x, y }) => [x, y], decode: ([x, y]) => new Point(x, y) });
  expect(() =>
    registerType(Matrix, { name: 'Point', encode: () => 1, decode: () => new Matrix(new Float64Array(1)) }),
  ).toThrow('the class Matrix cannot be registered as "Point": Point already is; give it another name');
});

test.each<[string, any, any, string]>([
  ['no class', undefined, {}, 'registerType needs a class, but received undefined'],
  ['a class that is known', Map, { name: 'M', encode: 1 }, 'needs the functions encode and decode'],
  ['a known class', Map, { name: 'M', encode: () => 1, decode: () => 1 }, 'Map needs no registerType'],
  ['Buffer', Buffer, { name: 'B', encode: () => 1, decode: () => 1 }, 'Buffer needs no registerType'],
  ['no name', Point, { encode: () => 1, decode: () => 1 }, 'registerType(Point) needs a name'],
])('refuses %s', (_, cls, codec, message) => {
  expect(() => registerType(cls, codec)).toThrow(message);
});

test('names the missing type', () => {
  class Gone {}
  registerType(Gone, { name: 'Gone', encode: () => 1, decode: () => new Gone() });
  const { bytes, format } = serialize([new Gone()]);
  const renamed = Buffer.from(Buffer.from(bytes).toString('latin1').replace('Gone', 'Lost'), 'latin1');
  expect(() => deserialize(renamed, format)).toThrow(CannotDecodeError);
  expect(() => deserialize(renamed, format)).toThrow('values of the type "Lost", which is not registered here');
});

test('does not freeze instances', () => {
  const value = { point: new Point(1, [1]), tags: new Tags([['a', [1]]]) };
  deepFreeze(value);
  expect([value.point, value.point.y, value.tags, value.tags.get('a')].some((part) => Object.isFrozen(part))).toBe(
    false,
  );
});

test('instances anywhere in a value come back exactly', () => {
  fc.assert(
    fc.property(
      anyValue(['v8']),
      fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 4 }),
      (value, places) => {
        const root = [value];
        const points = places.map(([x]) => new Point(x, [x]));
        for (const [i, [into]] of places.entries()) {
          const containers = containersOf(root);
          put(containers[into % containers.length]!, points[i]);
        }
        expect(difference(root, back(root))).toBeUndefined();
      },
    ),
    { numRuns: 300 },
  );
});
