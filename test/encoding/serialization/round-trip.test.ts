import { expectExact } from '../support/round-trip';

const byCbor: [string, unknown][] = [
  ['JSON', { a: [1, 'two', true, null, { b: [] }], c: {}, '': 0, 'a b': 1.5 }],
  ['undefined', undefined],
  ['undefined inside', { a: undefined, b: [undefined] }],
  ['small bigints', [0n, 1n, -1n, 23n, 24n, -25n, 2n ** 32n, 2n ** 53n, -(2n ** 53n)]],
  ['large bigints', [2n ** 63n, 2n ** 64n - 1n, 2n ** 64n, -(2n ** 64n), -(2n ** 64n) - 1n, 7n ** 3000n]],
  ['NaN and infinities', [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
  ['numbers at the edges', [2 ** 31, 2 ** 32, -(2 ** 31) - 1, -(2 ** 32), 2 ** 53, 5e-324, 1.7976931348623157e308]],
  ['-0', [-0, 1, { a: -0, b: 2 ** 40 }, new Set([-5])]],
  ['strings', ['', 'a\0b', 'é', '日本', '😀', 'x'.repeat(70_000), 'é'.repeat(300), '\u2028']],
  ['dates', [new Date(0), new Date(-1), new Date(1_234_567_890_123), new Date(8.64e15), new Date(Number.NaN)]],
  ['regular expressions', [/a\/b[/]\n/giu, /(?:)/, /^\d+$/msy, /(?<x>.)\k<x>/d]],
  [
    'Maps and Sets',
    new Map<unknown, unknown>([
      [1, { a: 1 }],
      ['1', new Set([new Map()])],
      [{ k: 1 }, undefined],
      [Number.NaN, []],
    ]),
  ],
  ['URLs', { url: new URL('https://user:pw@example.com:8080/ä?q=1#f'), again: [new URL('file:///tmp/x')] }],
  ['objects without a prototype', { groups: Object.assign(Object.create(null), { b: 1, a: { c: 2 } }) }],
  ['Buffer and Uint8Array', [Buffer.from('abc'), new Uint8Array([1, 2]), Buffer.alloc(0), new Uint8Array(0)]],
  [
    'typed arrays',
    [Int8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array].map(
      (T) => T.from([1, 2, 3]),
    ),
  ],
  ['bigint typed arrays', [BigInt64Array.from([-1n, 2n]), BigUint64Array.from([2n ** 64n - 1n])]],
  [
    'views into bigger buffers',
    [new Float64Array(new ArrayBuffer(64), 8, 2), new Uint8Array(new ArrayBuffer(9), 3, 5)],
  ],
  ['-0 and NaN in typed arrays', [Float64Array.from([-0, Number.NaN])]],
  ['frozen objects', Object.freeze({ a: Object.freeze([1]) })],
  [
    'keys that mean something elsewhere',
    { constructor: 'x', toJSON: 1, valueOf: 2, length: 3, buffer: 4, 2: 'b', 1: 'a', '-1': 'c' },
  ],
];

const byV8: [string, unknown][] = [
  ['holes', Object.assign(new Array(4), { 0: 1, 3: undefined })],
  ['sparse arrays', Object.assign([], { 4000000000: 1, 5: 2 })],
  ['extra properties of arrays', ['ab'.match(/(b)/), Object.assign([1], { columns: ['a'] })]],
  ['extra properties of long arrays', Object.assign(Array.from({ length: 100 }, Math.random), { columns: ['a'] })],
  ['lone surrogates', ['a\ud800b', { '\udc00': 1 }]],
  ['byte order marks', [`\ufeff${'a,b\n'.repeat(50)}`]],
  ['__proto__ as a key', JSON.parse('{ "__proto__": { "a": 1 }, "b": 2 }')],
  ['the last milliseconds of time that seconds cannot tell', new Date(4_493_463_420_003_945)],
  ['ArrayBuffers', [new Uint8Array([1, 2, 3]).buffer, new ArrayBuffer(0)]],
  ['DataViews', [new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2)]],
  [
    'errors',
    [
      new Error('a'),
      new Error(),
      new TypeError('b', { cause: { code: 1 } }),
      new RangeError('c', { cause: new URIError('d') }),
    ],
  ],
  ['-0 among them', [new Array(1), -0]],
  [
    'views among them',
    [new Array(1), new Float64Array([1.5]), Buffer.from('ab'), new Uint8Array([1]), BigInt64Array.from([5n])],
  ],
];

describe('values in CBOR', () => {
  test.each(byCbor)('%s', (_, value) => {
    expect(expectExact(value)).toBe('cbor');
  });
});

describe("values in V8's format", () => {
  test.each(byV8)('%s', (_, value) => {
    expect(expectExact(value)).toBe('v8');
  });
});
