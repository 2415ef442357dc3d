import { deepFreeze } from '../../../src/encoding/copies/freeze';

test('freezes plain objects and arrays at every depth', () => {
  const value = {
    list: [{ a: 1 }],
    bare: Object.assign(Object.create(null), { b: [] }),
    map: new Map([[{ k: [] }, { v: 1 }]]),
    set: new Set([[1]]),
  };
  deepFreeze(value);
  const [key, item] = [...value.map][0]!;
  for (const part of [value, value.list, value.list[0], value.bare, value.bare.b, key, key.k, item, ...value.set]) {
    expect(Object.isFrozen(part)).toBe(true);
  }
});

test('continues below frozen objects and through cycles', () => {
  const inner: { up?: unknown } = {};
  const value = Object.freeze({ inner });
  inner.up = value;
  deepFreeze(value);
  expect(Object.isFrozen(inner)).toBe(true);
});

test('does not freeze typed arrays and instances of classes', () => {
  class Point {
    at = [1];
  }
  const value = { point: new Point(), floats: new Float64Array(2), buffer: Buffer.alloc(2), date: new Date() };
  deepFreeze(value);
  expect(
    [value.point, value.point.at, value.floats, value.buffer, value.date].some((part) => Object.isFrozen(part)),
  ).toBe(false);
});

test('calls no accessor', () => {
  const get = jest.fn();
  deepFreeze(Object.defineProperty({}, 'lazy', { get, enumerable: true }));
  expect(get).not.toHaveBeenCalled();
});

test('accepts any depth, and values other than objects', () => {
  let value: unknown[] = [];
  for (let i = 0; i < 100_000; i++) value = [value];
  deepFreeze(value);
  expect(Object.isFrozen((value[0] as unknown[])[0])).toBe(true);
  for (const primitive of [1, 'a', undefined, null, Symbol('s'), () => {}])
    expect(() => deepFreeze(primitive)).not.toThrow();
});
