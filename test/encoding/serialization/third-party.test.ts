import { join } from 'node:path';
import * as nodeV8 from 'node:v8';
import fc from 'fast-check';
import * as msgpackr from 'msgpackr';
import * as yaml from 'yaml';
import type { Serialized } from '../../../src/encoding/encoder';
import { UnsupportedValueError } from '../../../src/encoding/errors';
import { encoder } from '../../../src/encoding/make-encoder';
import { registerType } from '../../../src/encoding/register-type';
import { bytes, cbor, json, v8 } from '../../../src/encoding/serialization/serializers';
import { shuffle } from '../../../src/encoding/shuffle';
import { runChild } from '../../support/child';
import { difference } from '../support/difference';
import { followPath } from '../support/follow-path';
import { through } from '../support/through';
import { anyValue } from '../support/values';

const lz4 = require('lz4js');
const plain = { name: 'a', list: [1, 2.5, null, true], nested: { deep: ['ä', ''] } };
const foreign: [string, any][] = [
  ['yaml', yaml],
  ['msgpackr', msgpackr],
  ['node:v8', nodeV8],
  ['JSON', JSON],
];

async function refusalOf(serializer: any, value: unknown): Promise<UnsupportedValueError> {
  try {
    await encoder({ serializer }).serialization.serialize(value);
  } catch (error) {
    if (error instanceof UnsupportedValueError) return error;
    throw error;
  }
  throw new Error('It was not refused.');
}

test.each(foreign)('%s can be used directly', async (_, serializer) => {
  expect((await through(encoder({ serializer }), plain)).back).toEqual(plain);
});

test('lz4js compresses', async () => {
  const value = { text: 'abc'.repeat(10_000) };
  const { back, kept } = await through(encoder({ compressor: lz4 }), value);
  expect(back).toEqual(value);
  expect(kept.byteLength).toBeLessThan(1_000);
});

test('codecs of numcodecs can be compressors and filters', async () => {
  const { codecs } = await runChild<any>(join(__dirname, 'fixtures/es-modules.ts'), ['codecs']);
  expect(Object.keys(codecs)).toEqual(['blosc', 'gzip', 'lz4', 'zlib', 'zstd']);
  for (const [id, one] of Object.entries(codecs)) {
    expect(one).toEqual({ difference: null, isSmaller: true, filter: `${id}+bytes` });
  }
});

test('superjson can be used directly', async () => {
  const found = await runChild<any>(join(__dirname, 'fixtures/es-modules.ts'), ['superjson']);
  expect(found).toEqual({
    id: 'SuperJSON',
    kept: null,
    refused: 'result',
    generated: expect.objectContaining({ wrong: 0 }),
  });
  expect(found.generated.same).toBeGreaterThan(20);
});

class Secret {
  #inside = 1;
  get inside() {
    return this.#inside;
  }
}
const custom = { id: 'custom' };
const lossy: [string, any, unknown, string, string | RegExp][] = [
  [
    'a key that is undefined',
    yaml,
    { a: [{ b: undefined }] },
    'result.a[0].b',
    /^comes back as null|does not come back/,
  ],
  [
    'a Map that becomes an object',
    msgpackr,
    { m: [new Map([['a', 1]])] },
    'result.m[0]',
    /^comes back as { a: 1 } when/,
  ],
  ['-0', JSON, { a: [1, -0] }, 'result.a[1]', 'is -0, which JSON does not have'],
  [
    '-0 by another',
    { ...custom, stringify: JSON.stringify.bind(null), parse: JSON.parse.bind(null) },
    { a: [1, -0] },
    'result.a[1]',
    'comes back as 0 when custom has encoded it',
  ],
  [
    'a class',
    { ...custom, stringify: (v: unknown) => JSON.stringify(v), parse: (t: string) => JSON.parse(t) },
    { a: new Date(0) },
    'result.a',
    "comes back as '1970-01-01T00:00:00.000Z' when custom has encoded it",
  ],
  [
    'more items',
    { ...custom, stringify: (v: any) => JSON.stringify(v), parse: (t: string) => [...JSON.parse(t), 1] },
    [1],
    'result',
    'comes back with 2 items, not 1 when custom has encoded it',
  ],
  [
    'a key more',
    { ...custom, stringify: (v: any) => JSON.stringify(v), parse: (t: string) => ({ ...JSON.parse(t), x: 1 }) },
    { a: 1 },
    'result.x',
    'was not there before when custom has encoded it',
  ],
  [
    'keys in another order',
    {
      ...custom,
      stringify: (v: any) => JSON.stringify(v),
      parse: (t: string) => Object.fromEntries(Object.entries(JSON.parse(t)).reverse()),
    },
    { a: 1, b: 1 },
    'result',
    'comes back with its keys in another order when custom has encoded it',
  ],
  [
    'what it throws for',
    { ...custom, stringify: (v: any) => JSON.stringify(v), parse: JSON.parse.bind(null) },
    { a: { b: [1, { c: 5n }] } },
    'result.a.b[1].c',
    /^cannot be encoded by custom \(Do not know how to serialize a BigInt/,
  ],
  [
    'what it cannot decode again',
    { ...custom, stringify: () => '{', parse: JSON.parse.bind(null) },
    1,
    'result',
    /^cannot be decoded again by custom/,
  ],
  [
    'an output other than bytes',
    { ...custom, serialize: () => ({}), deserialize: () => 1 },
    1,
    'result',
    /must return bytes/,
  ],
];

test.each(lossy)('refuses a value that would change: %s', async (_, serializer, value, path, problem) => {
  const refusal = await refusalOf(serializer, value).catch((error: Error) => error);
  expect((refusal as UnsupportedValueError).path ?? 'result').toBe(path);
  expect((refusal as UnsupportedValueError).problem ?? refusal.message).toEqual(
    typeof problem === 'string' ? problem : expect.stringMatching(problem),
  );
});

/** Returns the same objects, which hides that it cannot encode them. */
const remembering = () => {
  const values: unknown[] = [];
  return {
    id: 'remembering',
    pack: (value: unknown) => String(values.push(structuredClone(value)) - 1),
    unpack: (index: string) => values[Number(index)],
  };
};

test.each<[string, unknown]>([
  ['private fields', { s: new Secret() }],
  ['classes of Node with private fields', { s: new URLSearchParams('a=1') }],
  ['built-in classes', [new WeakMap()]],
  ['boxed primitives', [Object(1)]],
])('refuses instances that cannot be compared: %s', async (_, value) => {
  const same = { ...remembering(), pack: () => '0', unpack: () => value };
  expect((await refusalOf(same, value)).path).toMatch(/^result(\.s|\[0\])$/);
});

test.each<[string, () => object]>([
  [
    'set',
    () =>
      new (class Setting {
        #x = 1;
        get x() {
          return this.#x;
        }
      })(),
  ],
  [
    'declared',
    () =>
      new (class Declared {
        #x?: number;
        y = 1;
        has(o: object) {
          return #x in o;
        }
      })(),
  ],
  [
    'methods',
    () =>
      new (class Methods {
        #m() {
          return 1;
        }
        m() {
          return this.#m();
        }
      })(),
  ],
  ['inherited', () => new (class Child extends Secret {})()],
  [
    'compiled to a WeakMap',
    () => new (Function('map', 'return class Old { constructor() { map.set(this, 1); } }')(new WeakMap()))(),
  ],
])('sees private fields that are %s', async (_, make) => {
  const value = make();
  const same = { id: 'same', pack: () => '0', unpack: () => value };
  expect((await refusalOf(same, value)).problem).toContain('private fields cannot be compared');
});

test('does not mistake a color for a private field', async () => {
  class Theme {
    ink = '#face';
    paper = '#fff';
  }
  const same = { id: 'same', pack: () => '0', unpack: () => new Theme() };
  expect((await through(encoder({ serializer: same }), new Theme())).back).toEqual(new Theme());
});

test('compares instances of registered classes by their data', async () => {
  registerType(Secret, { name: 'Secret', encode: ({ inside }) => inside, decode: () => new Secret() });
  const making = { id: 'making', pack: () => '', unpack: () => ({ s: new Secret() }) };
  expect((await through(encoder({ serializer: making }), { s: new Secret() })).back.s.inside).toBe(1);
});

test('compares cycles, and accepts that one object became several', async () => {
  const cycle: Record<string, unknown> = { a: 1 };
  cycle['self'] = cycle;
  expect((await through(encoder({ serializer: remembering() }), cycle)).back.self).toBeDefined();
  const shared = { x: 1 };
  expect((await through(encoder({ serializer: yaml }), [shared, shared])).back).toEqual([shared, shared]);
});

test('typed arrays come back with memory of their own', async () => {
  const pooled = {
    id: 'pooled',
    serialize: nodeV8.serialize.bind(null),
    deserialize: nodeV8.deserialize.bind(null),
  };
  const { back } = await through(encoder({ serializer: pooled, compressor: null }), {
    list: [new Float64Array([1.5])],
    map: new Map([['a', Buffer.from('abc')]]),
  });
  expect(back.list[0].buffer.byteLength).toBe(8);
  expect(back.map.get('a').buffer.byteLength).toBe(3);
});

test('detects other bytes in a typed array, and hidden properties', async () => {
  const giving = (back: unknown) => ({ id: 'giving', pack: () => '', unpack: () => back });
  expect(await refusalOf(giving([Float64Array.of(1, 3)]), [Float64Array.of(1, 2)])).toMatchObject({
    path: 'result[0]',
    problem: 'comes back with other bytes when giving has encoded it',
  });
  const hidden = Object.defineProperty({}, 'x', { value: 1 });
  expect((await refusalOf(giving(hidden), { x: 1 })).path).toBe('result.x');
});

test('decoded values have memory of their own', () => {
  const identity = { id: 'identity', encode: (value: Uint8Array) => value, decode: (data: Uint8Array) => data };
  const { serialization } = encoder({ serializer: identity });
  const kept = new Uint8Array([1, 2, 3]);
  expect((serialization.deserialize(kept, 'bytes') as Uint8Array).buffer).not.toBe(kept.buffer);
  expect((serialization.deserialize(kept, 'bytes', true) as Uint8Array).buffer).toBe(kept.buffer);
});

test('bytes of a serializer are copied, since it may overwrite them', () => {
  const pool = Buffer.alloc(100);
  const pooling = {
    id: 'pooling',
    encode: (value: string) => pool.subarray(0, pool.write(value)),
    decode: (data: Uint8Array) => Buffer.from(data).toString(),
  };
  const { serialization } = encoder({ serializer: pooling });
  const [first] = [serialization.serialize('one') as Serialized, serialization.serialize('two')];
  expect(serialization.deserialize(first.bytes, first.format)).toBe('one');
});

const serializers: [string, any][] = [...foreign, ['cbor', cbor], ['own v8', v8], ['own json', json], ['bytes', bytes]];

test.each(serializers)(
  'every value comes back exactly through %s, or is refused with a path',
  async (_, serializer) => {
    const made = encoder({ filters: [shuffle()], serializer, compressor: null });
    await fc.assert(
      fc.asyncProperty(anyValue(['cbor', 'v8', 'v8 without cycles']), async (value) => {
        try {
          const { back } = await through(made, value);
          expect(difference(value, back)).toBeUndefined();
        } catch (error) {
          if (!(error instanceof UnsupportedValueError)) throw error;
          expect(() => followPath(value, error.path)).not.toThrow();
        }
      }),
      { numRuns: Number(process.env['RUNS'] ?? 200) },
    );
  },
);
