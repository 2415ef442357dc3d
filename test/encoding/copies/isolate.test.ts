import fc from 'fast-check';
import { registerType } from 'tidemark';
import { deepFreeze } from '../../../src/encoding/copies/freeze';
import { freshCopy, frozenCopy, frozenCopyOfAll, newUserCopier } from '../../../src/encoding/copies/isolate';
import { difference } from '../support/difference';
import { anyValue, containersOf, put } from '../support/values';

const runs = { numRuns: Number(process.env['RUNS'] ?? 500) };

/** A value in which some containers are put into others, so that objects occur twice and cycles exist. */
const graphs = fc
  .tuple(anyValue(['cbor', 'v8', 'v8 without cycles']), fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 4 }))
  .map(([value, links]) => {
    const containers = containersOf(value);
    if (containers.length === 0) return value;
    for (const [into, what] of links) put(containers[into % containers.length]!, containers[what % containers.length]!);
    return value;
  });

/** All objects in a value. */
function objectsIn(value: unknown): Set<object> {
  const found = new Set<object>();
  const add = (item: unknown) => typeof item === 'object' && item !== null && found.add(item);
  add(value);
  for (const object of found) {
    if (ArrayBuffer.isView(object)) continue;
    if (object instanceof Map) for (const [key, item] of object) [add(key), add(item)];
    else if (object instanceof Set) for (const item of object) add(item);
    else for (const key of Reflect.ownKeys(object)) add(Object.getOwnPropertyDescriptor(object, key)!.value);
  }
  return found;
}

const isPlain = (object: object) =>
  Array.isArray(object) || Object.prototype.toString.call(object) === '[object Object]';

const everyCopy = {
  frozenCopy: (value: unknown) => frozenCopy(value).value,
  frozenCopyOfAll: (value: unknown) => frozenCopyOfAll(value).value,
  freshCopy,
  'a copy for a user': (value: unknown) => newUserCopier().copy(frozenCopy(value).value),
};

describe.each(Object.entries(everyCopy))('%s', (name, copyOf) => {
  it('is equal, and leaves the original unchanged', () => {
    fc.assert(
      fc.property(graphs, (value) => {
        const before = freshCopy(value);
        const copy = copyOf(value);
        expect(difference(value, copy)).toBeUndefined();
        expect(difference(before, value)).toBeUndefined();
        expect([...objectsIn(value)].some(Object.isFrozen)).toBe([...objectsIn(before)].some(Object.isFrozen));
      }),
      runs,
    );
  });

  it('shares nothing mutable with the original', () => {
    fc.assert(
      fc.property(graphs, (value) => {
        const originals = objectsIn(value);
        const isLarge = (object: object) => ArrayBuffer.isView(object) && object.byteLength >= 65_536;
        const shared = [...objectsIn(copyOf(value))].filter((object) => originals.has(object) && !isLarge(object));
        expect(shared).toEqual([]);
      }),
      runs,
    );
  });

  it(`is ${name === 'freshCopy' ? 'not ' : ''}frozen where that is possible`, () => {
    fc.assert(
      fc.property(graphs, (value) => {
        for (const object of objectsIn(copyOf(value)))
          if (isPlain(object)) expect(Object.isFrozen(object)).toBe(name !== 'freshCopy');
      }),
      runs,
    );
  });

  it('copies 100,000 levels, and cycles', () => {
    let value: unknown[] = [new Date(5)];
    for (let i = 0; i < 100_000; i++) value = [value];
    const copy = copyOf(value) as unknown[];
    let at: unknown = copy;
    let depth = 0;
    for (; Array.isArray(at); at = at[0]) depth++;
    expect([depth, at]).toEqual([100_001, new Date(5)]);
    const loop: Record<string, unknown> = { list: [] };
    (loop['list'] as unknown[]).push(loop, new Map([['up', loop]]));
    const looped = copyOf(loop) as typeof loop;
    const [up, map] = looped['list'] as [unknown, Map<string, unknown>];
    expect([up === looped, map.get('up') === looped]).toEqual([true, true]);
  });
});

describe('frozenCopy', () => {
  it('shares data that is frozen at every depth', () => {
    const value = { rows: [{ id: 1 }, { id: 2 }], more: [[1.5, 2], 'a', null, undefined, 1n] };
    deepFreeze(value);
    expect(frozenCopy(value)).toEqual({ value, hasMutable: false });
    expect(frozenCopy(value).value).toBe(value);
    const around = { value, list: [value] };
    const { value: copy } = frozenCopy(around) as { value: typeof around };
    expect([copy === around, copy.value === value, copy.list[0] === value]).toEqual([false, true, true]);
  });

  it('copies the mutable parts of frozen data', () => {
    const inner = { a: 1 };
    const value = Object.freeze({ inner, list: Object.freeze([inner]) });
    const { value: copy } = frozenCopy(value) as { value: typeof value };
    expect([Object.isFrozen(inner), Object.isFrozen(copy.inner), copy.list[0] === copy.inner]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('copies a frozen cycle', () => {
    const a: Record<string, unknown> = { when: new Date(1) };
    a['b'] = Object.freeze([a]);
    Object.freeze(a);
    const { value, hasMutable } = frozenCopy(a) as { value: typeof a; hasMutable: boolean };
    expect([hasMutable, (value['b'] as unknown[])[0] === value, value['when'] !== a['when']]).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('copies small typed arrays, and shares large ones and instances of classes', () => {
    const value = { small: new Float64Array(4), large: new Float64Array(10_000), point: new (class Point {})() };
    const { value: copy, hasMutable } = frozenCopy(value) as { value: typeof value; hasMutable: boolean };
    expect([copy.small === value.small, copy.large === value.large, copy.point === value.point]).toEqual([
      false,
      true,
      true,
    ]);
    expect(hasMutable).toBe(true);
  });

  it('keeps accessors uncalled, symbols and hidden properties', () => {
    const get = jest.fn();
    const key = Symbol('key');
    const value = Object.defineProperties(
      { [key]: { a: [1] }, plain: [2] },
      { lazy: { get, enumerable: true }, hidden: { value: [3] } },
    );
    const { value: copy } = frozenCopy(value) as { value: Record<PropertyKey, any> };
    expect(get).not.toHaveBeenCalled();
    expect(Reflect.ownKeys(copy)).toEqual(Reflect.ownKeys(value));
    expect([copy[key], copy['hidden'], copy['plain']]).toEqual([{ a: [1] }, [3], [2]]);
    expect([copy[key].a, copy['hidden'], copy['plain'], copy].every(Object.isFrozen)).toBe(true);
    expect(Object.isFrozen(value[key].a)).toBe(false);
  });

  it('keeps holes and other properties of arrays', () => {
    const match = /b/.exec('abc')!;
    const { value } = frozenCopy([match, Object.assign([1], { 2: 3 })]) as { value: [RegExpExecArray, number[]] };
    expect([value[0].index, value[0].input, 1 in value[1], value[1].length]).toEqual([1, 'abc', false, 3]);
  });

  it('reports whether some data can be changed', () => {
    const mutable = [new Map(), new Set(), new Date(), /a/, new URL('a:b'), new Error('x'), new Uint8Array(1)];
    for (const part of [...mutable, new ArrayBuffer(1), Buffer.alloc(1), new DataView(new ArrayBuffer(1))]) {
      expect([part, frozenCopy({ a: [part] }).hasMutable]).toEqual([part, true]);
      expect([part, deepFreeze({ a: [part] })]).toEqual([part, true]);
    }
    expect(frozenCopy({ a: [1, 'b', null, { c: 1n }] }).hasMutable).toBe(false);
    expect(frozenCopy({ service: new (class Service {})(), f: () => 1 }).hasMutable).toBe(false);
  });
});

describe('a copy for a user', () => {
  it('shares frozen data without mutable parts', () => {
    const { value } = frozenCopy({ rows: [{ id: 1 }], meta: { when: new Date(1) } }) as { value: any };
    const copy = newUserCopier().copy(value) as any;
    expect([copy === value, copy.rows === value.rows, copy.meta === value.meta]).toEqual([false, true, false]);
    copy.meta.when.setTime(2);
    expect(value.meta.when.getTime()).toBe(1);
  });

  it('is one object for an object that occurs twice, also in values copied in sequence', () => {
    const bytes = new Uint8Array(100_000);
    const copier = newUserCopier();
    const [first, second] = [copier.copy({ bytes }), copier.copy([bytes])] as [{ bytes: Uint8Array }, Uint8Array[]];
    expect([first.bytes === second[0], first.bytes === bytes]).toEqual([true, false]);
  });

  it('keeps classes: of errors, buffers, dates, and of registered types', () => {
    class Point {
      readonly #secret: number[];
      constructor(xs: number[]) {
        this.#secret = xs;
      }
      get xs() {
        return this.#secret;
      }
    }
    registerType(Point, { name: 'isolate.Point', encode: ({ xs }) => xs, decode: (xs) => new Point(xs) });
    class Money {
      constructor(readonly cents: number) {}
    }
    registerType(Money, {
      name: 'isolate.Money',
      encode: ({ cents }) => cents,
      decode: (cents) => new Money(cents),
      isImmutable: true,
    });
    const error = Object.assign(new RangeError('far', { cause: [1] }), { code: 'E' });
    const value = { point: new Point([1]), money: new Money(5), error, buffer: Buffer.from('abc'), date: new Date(3) };
    const copy = newUserCopier().copy(value) as typeof value;
    copy.point.xs.push(2);
    copy.buffer[0] = 0;
    expect([value.point.xs, value.buffer.toString(), copy.money === value.money]).toEqual([[1], 'abc', true]);
    expect([copy.point.xs, copy.error.message, copy.error.code, copy.error.cause, copy.error.stack]).toEqual([
      [1, 2],
      'far',
      'E',
      [1],
      error.stack,
    ]);
    expect([copy.error instanceof RangeError, Buffer.isBuffer(copy.buffer), copy.date instanceof Date]).toEqual([
      true,
      true,
      true,
    ]);
    expect(Object.keys(copy.error)).toEqual(['code']);
  });
});
