import { TidemarkError } from '../../../src/base/error';
import { refusalOf } from '../support/round-trip';
import { canRead, deserialize, serialize } from '../support/serialize';

class Point {
  x = 1;
}
class Series extends Array<number> {}
class Registry extends Map {}
class Moment extends Date {}
class HttpError extends Error {}
class Block extends Uint8Array {}
const withLastIndex = /a/g;
withLastIndex.lastIndex = 1;
const taskRef = { [Symbol.for('tidemark.task-ref')]: true };

const refused: [string, unknown, string, string][] = [
  ['a function', { items: [0, { onEnd() {} }] }, 'result.items[1].onEnd', 'is a function'],
  ['a symbol', [Symbol('x')], 'result[0]', 'is a symbol'],
  [
    'a class instance',
    { p: new Point() },
    'result.p',
    'is an instance of Point, a class that Tidemark does not know; return plain data, or registerType(Point, …)',
  ],
  [
    'a class without a name',
    [new (class {})()],
    'result[0]',
    'is an instance of a class without a name; return plain data',
  ],
  [
    'a subclassed Array',
    Series.of(1),
    'result',
    'is an instance of Series, a class that Tidemark does not know; return plain data, or registerType(Series, …)',
  ],
  [
    'a subclassed Map',
    new Registry(),
    'result',
    'is an instance of Registry, a class that Tidemark does not know; return plain data, or registerType(Registry, …)',
  ],
  [
    'a subclassed Date',
    new Moment(),
    'result',
    'is an instance of Moment, a class that Tidemark does not know; return plain data, or registerType(Moment, …)',
  ],
  [
    'a subclassed Error',
    new HttpError(),
    'result',
    'is an instance of HttpError, a class that Tidemark does not know; return plain data, or registerType(HttpError, …)',
  ],
  [
    'a subclassed Uint8Array',
    new Block(1),
    'result',
    'is an instance of Block, a class that Tidemark does not know; return plain data, or registerType(Block, …)',
  ],
  ['an AggregateError', new AggregateError([]), 'result', 'is of the built-in class AggregateError; return plain data'],
  ['a promise', { a: Promise.resolve() }, 'result.a', 'is a promise; await it'],
  ['a WeakMap', new WeakMap(), 'result', 'is of the built-in class WeakMap; return plain data'],
  ['a boxed primitive', [Object(1n)], 'result[0]', 'is a primitive in an object; return the primitive'],
  ['a SharedArrayBuffer', new SharedArrayBuffer(1), 'result', 'is a SharedArrayBuffer'],
  [
    'a view on one',
    [new Uint8Array(new SharedArrayBuffer(1))],
    'result[0]',
    'is on a SharedArrayBuffer; return a copy',
  ],
  ['a symbol key', { a: { [Symbol('s')]: 1 } }, 'result.a[Symbol(s)]', 'has a symbol key'],
  [
    'an accessor',
    {
      'a b': {
        get now() {
          return 1;
        },
      },
    },
    'result["a b"].now',
    'is an accessor, not a value',
  ],
  ['a hidden property', Object.defineProperty({}, 'x', { value: 1 }), 'result.x', 'is not enumerable'],
  [
    'a property of a Map',
    [Object.assign(new Map(), { x: 1 })],
    'result[0].x',
    'is a property added to a built-in object',
  ],
  [
    'a property of a typed array',
    Object.assign(new Uint8Array(2), { x: 1 }),
    'result.x',
    'is a property added to a built-in object',
  ],
  [
    'a property of a long one',
    Object.assign(new Uint8Array(999), { x: 1 }),
    'result.x',
    'is a property added to a built-in object',
  ],
  [
    'a property of an error',
    { e: Object.assign(new Error('x'), { code: 'E' }) },
    'result.e.code',
    'is a property added to a built-in object',
  ],
  ['a RegExp in use', withLastIndex, 'result', 'is a RegExp in use: its lastIndex is not 0'],
  ['a task ref', { ref: taskRef }, 'result.ref', 'is a task ref'],
  ['in a Map', new Map([['a', new Map([[{}, () => {}]])]]), 'result.get("a").values()[0]', 'is a function'],
  ['in the key of a Map', new Map([[{ f() {} }, 1]]), 'result.keys()[0].f', 'is a function'],
  ['in a Set', new Set([1, [() => {}]]), 'result.values()[1][0]', 'is a function'],
  ['in the cause of an error', new Error('x', { cause: [() => {}] }), 'result.cause[0]', 'is a function'],
];

test.each(refused)('refuses %s, with its path', (_, value, path, problem) => {
  expect(refusalOf(value)).toMatchObject({ path, problem });
});

test('names the problem, the path and the cure', () => {
  const refusal = refusalOf({ items: [{ onEnd() {} }] });
  expect(refusal).toBeInstanceOf(TidemarkError);
  expect(refusal.name).toBe('UnsupportedValueError');
  expect(refusal.message).toBe(
    'Cannot save result.items[0].onEnd: it is a function. What is saved must come back exactly as it was: return plain data instead, leave it out, or do not save this result.',
  );
});

test('names the value as the caller does', () => {
  expect(() => serialize([() => {}], 'params')).toThrow('Cannot save params[0]: it is a function.');
});

test('refuses a task ref that is an instance of a class', () => {
  class Ref {}
  Object.assign(Ref.prototype, taskRef);
  expect(refusalOf([new Ref()])).toMatchObject({ path: 'result[0]', problem: 'is a task ref' });
});

test('refuses values of which CBOR and V8 each support only a part', () => {
  const refusal = refusalOf({ holes: new Array(1), url: new URL('http://a') });
  expect(refusal.path).toBe('result.url');
  expect(refusal.problem).toContain('is a URL, and is beside something that only V8 can encode');
});

test('inspects the elements before and after a hole', () => {
  const url = new URL('http://a');
  expect(refusalOf([Object.assign(new Array(3), { 0: url })]).path).toBe('result[0][0]');
  expect(refusalOf(Object.assign(new Array(3), { 2: url })).path).toBe('result[2]');
  expect(refusalOf(Object.assign([1, url], { columns: [] })).path).toBe('result[1]');
  expect(refusalOf(Object.assign([1], { columns: [url] })).path).toBe('result.columns[0]');
});

test('refuses a value that throws when it is read, with the cause', () => {
  const cause = new Error('gone');
  const trap = () => {
    throw cause;
  };
  expect(refusalOf([new Proxy({}, { ownKeys: trap })])).toMatchObject({ problem: 'cannot be read', cause });
});

test('refuses an unknown format', () => {
  expect(['json', 'cbor', 'v8', 'yaml'].map((format) => canRead(format))).toEqual([true, true, true, false]);
  expect(() => deserialize(new Uint8Array(1), 'yaml')).toThrow('Unknown format "yaml"');
});

test.each(['cbor', 'v8'])('throws when %s is broken', (format) => {
  const broken = [new Uint8Array(0), Uint8Array.from([0x9b]), Uint8Array.from([255, 15]), Buffer.from('{}}}')];
  for (const bytes of broken) expect(() => deserialize(bytes, format)).toThrow();
});
