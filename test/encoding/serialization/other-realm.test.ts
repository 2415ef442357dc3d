import * as v8 from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Requires, Runner, Task, task } from 'tidemark';
import { copyData } from '../../../src/graph/copy-data';
import { typeNames } from '../../../src/task/data';
import { refusalOf } from '../support/round-trip';
import { deserialize, serialize } from '../support/serialize';

const roundTrip = (value: unknown): unknown => {
  const { format, bytes } = serialize(value);
  return deserialize(bytes, format);
};
const content =
  '{ list: [1, { a: 1 }], map: new Map([[1, new Set([2])]]), date: new Date(5), re: /a/g, floats: new Float64Array([1.5]) }';

test.each([
  ['a vm context', runInNewContext(`(${content})`)],
  [
    "Node's own modules",
    v8.deserialize(v8.serialize({ a: [1], map: new Map([[1, new Date(5)]]), error: new RangeError('x') })),
  ],
])('saves built-in objects from %s', (_, value: any) => {
  const back: any = roundTrip(value);
  expect(back).toBeInstanceOf(Object);
  expect(back.map).toBeInstanceOf(Map);
  expect(JSON.stringify([back, [...back.map.keys()]])).toBe(JSON.stringify([value, [...value.map.keys()]]));
});

test('decodes to the classes of the calling realm', () => {
  const value: any = roundTrip([
    new Array(1),
    new Map([[1, [new TypeError('x')]]]),
    { a: new Set() },
    new ArrayBuffer(1),
  ]);
  expect(value[1]).toBeInstanceOf(Map);
  expect(value[1].get(1)[0]).toBeInstanceOf(TypeError);
  expect(value[2]).toStrictEqual({ a: new Set() });
  expect(value[3]).toBeInstanceOf(ArrayBuffer);
});

test('refuses instances of classes of another realm', () => {
  expect(refusalOf([runInNewContext('new (class Point {})()')]).problem).toContain('is an instance of Point');
  expect(refusalOf([runInNewContext('new (class Point extends Map {})()')]).problem).toContain(
    'is an instance of Point',
  );
  expect(refusalOf([runInNewContext('new WeakSet()')]).problem).toContain('is of the built-in class WeakSet');
});

describe('objects that only resemble built-in ones', () => {
  class Named<K, V> extends Map<K, V> {}
  Object.defineProperty(Named, 'name', { value: 'Map' });
  const spoofed = { [Symbol.toStringTag]: 'URL', href: 'https://a.b/' };
  class Address {
    readonly [Symbol.toStringTag] = 'URL';
    readonly href = 'https://a.b/';
  }

  test.each<[string, object]>([
    ['a class with the name of a built-in one', new Named([[1, 2]])],
    ['a class with the tag of URL', new Address()],
    ['an object with the tag of URL', spoofed],
    ['an object with the prototype of a URL', Object.create(URL.prototype)],
    ['an object with the prototype of a Map', Object.create(Map.prototype)],
    ['an object with the prototype of a Date', Object.create(Date.prototype)],
  ])('is refused as a result and as a param: %s', (_, value) => {
    expect(refusalOf([value]).problem).toBeDefined();
    expect(() => copyData(value, 'params.x')).toThrow('params.x ');
  });
});

test('accepts classes of other realms as types of params', () => {
  for (const name of ['Date', 'Map', 'Set', 'String', 'Uint8Array']) {
    expect(typeNames(runInNewContext(name) as Function, 'Load.x')).toEqual([name]);
  }
});

test('finds refs in Maps and Sets of another realm, and keeps the entries of such a Map', async () => {
  const newMap = (): Map<string, unknown> => runInNewContext('new Map()');
  @Task()
  class One {
    run() {
      return 1;
    }
  }
  @Task({ save: true })
  class Dynamic {
    run() {
      const set: Set<unknown> = runInNewContext('new Set()');
      return newMap().set('part', set.add(task(One)));
    }
  }
  @Task({ save: true })
  class Plain {
    run() {
      return newMap().set('part', 2);
    }
  }
  @Task()
  class Sum {
    @Requires(() => task(Dynamic).at('part' as never)) ones!: Set<number>;
    @Requires(() => task(Plain).at('part' as never)) two!: number;
    run() {
      return [...this.ones].length + this.two;
    }
  }
  const entries = newMap();
  for (const _ of [1, 2]) expect(await new Runner({ storage: entries as never }).run(Sum)).toBe(3);
  expect(entries.size).toBeGreaterThan(0);
});
