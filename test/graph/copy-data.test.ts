import crypto from 'node:crypto';
import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { Param, Requires, Runner, Task, task } from 'tidemark';
import { canonicalParam } from '../../src/graph/canonical';
import { copyData } from '../../src/graph/copy-data';
import { graphOf, keyOf, keysOf } from './graph-of';

const copied = <T>(value: T) => copyData(value, 'value').value as T;

@Task()
class Shows {
  @Param() x!: unknown;
  run(): string {
    return shown(this.x);
  }
}

/** A value as a task sees it, including order and signs. */
function shown(value: unknown): string {
  if (Object.is(value, -0)) return '-0';
  if (value instanceof RegExp) return `${value}${value.lastIndex || ''}`;
  if (value instanceof Map) return `Map(${[...value].map(shown)})`;
  if (value instanceof Set) return `Set(${[...value].map(shown)})`;
  if (Array.isArray(value)) return `[${value.map(shown)}]`;
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !(value instanceof Date))
    return `{${Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}:${shown(item)}`)}}`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

describe('params with the same key', () => {
  it.each<[string, unknown, unknown]>([
    ['zeros', [-0, { a: -0 }, new Map([[-0, -0]])], [0, { a: 0 }, new Map([[0, 0]])]],
    ['objects', { b: 1, a: { d: 1, c: 2 }, 10: 1, 9: 2 }, { 9: 2, 10: 1, a: { c: 2, d: 1 }, b: 1 }],
    [
      'Maps',
      new Map([
        ['b', 1],
        ['a', 2],
      ]),
      new Map([
        ['a', 2],
        ['b', 1],
      ]),
    ],
    ['Sets', new Set([3, 10, 'a', null, 1n, true]), new Set([true, 1n, null, 'a', 10, 3])],
    [
      'Maps with objects for keys',
      new Map([
        [{ b: 1 }, 1],
        [{ a: 1 }, 2],
      ]),
      new Map([
        [{ a: 1 }, 2],
        [{ b: 1 }, 1],
      ]),
    ],
    [
      'Maps with equal keys',
      new Map([
        [[1], 'b'],
        [[1], 'a'],
      ]),
      new Map([
        [[1], 'a'],
        [[1], 'b'],
      ]),
    ],
    [
      'Sets of refs',
      new Set([task(Shows, { x: 1 }), task(Shows, { x: 0 })]),
      new Set([task(Shows, { x: 0 }), task(Shows, { x: 1 })]),
    ],
    ['Sets of Sets', new Set([new Set([2, 1]), new Set([0])]), new Set([new Set([0]), new Set([1, 2])])],
    ['values of another realm', runInNewContext('({ b: new Set([2, 1]), a: 1 })'), { a: 1, b: new Set([1, 2]) }],
  ])('are the same to the task: %s', async (_, one, other) => {
    expect(await keyOf(task(Shows, { x: one }))).toBe(await keyOf(task(Shows, { x: other })));
    const runner = new Runner({ storage: 'memory:' });
    expect(await runner.run(Shows, { x: one })).toBe(await runner.run(Shows, { x: other }));
  });

  it('are the same to the task, for all contents', () => {
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom<unknown>(-0, 0, 1, 10, 9, 'a', 'b', 1n, null, true, undefined, Number.NaN, ''),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', 'b', '2', '10', '__proto__'), tie('value'), { maxKeys: 3 }),
        fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
        fc.array(tie('value'), { maxLength: 3 }).map((items) => new Set(items)),
      ),
    }));
    fc.assert(
      fc.property(value, (one) => {
        const other = turned(one);
        expect(canonicalParam(other)).toBe(canonicalParam(one));
        expect(shown(copied(other))).toBe(shown(copied(one)));
        expect(canonicalParam(copied(one))).toBe(canonicalParam(one));
      }),
      { numRuns: 2_000 },
    );
  });

  it('keep the order of arrays, and the bytes of typed arrays, which are part of the key', async () => {
    expect(copied([2, 1])).toEqual([2, 1]);
    expect(Object.is(copied(Float64Array.of(-0))[0], -0)).toBe(true);
    const [one, other] = await keysOf([-0, 0].map((zero) => task(Shows, { x: Float64Array.of(zero) })));
    expect(one).not.toBe(other);
  });

  it('sort numbers by value, so that ordered ones stay in order', () => {
    expect([
      ...copied(
        new Map([
          [10, 1],
          [2, 1],
          [Number.NaN, 1],
        ]),
      ).keys(),
    ]).toEqual([2, 10, Number.NaN]);
    expect([...copied(new Set(['b', 'B', 'a']))]).toEqual(['B', 'a', 'b']);
  });
});

it('two values have the same key if and only if a task sees no difference', () => {
  const zeros = fc.constantFrom(-0, 0, 1, Number.NaN);
  const leaf = fc.oneof(
    zeros,
    fc.constantFrom<unknown>('1', '', 1n, 0n, null, undefined, true),
    zeros.map((time) => new Date(time)),
    fc.array(zeros, { maxLength: 2 }).map((items) => Float64Array.from(items)),
    fc.uint8Array({ maxLength: 2, max: 1 }).chain((bytes) => fc.constantFrom(bytes, Buffer.from(bytes))),
    fc.constantFrom(/a/, /a/g, new URL('https://a.b/?c'), new URL('https://a.b/')),
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 2 },
      leaf,
      fc.array(tie('value'), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('a', 'b', '1'), tie('value'), { maxKeys: 2 }),
      fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 2 }).map((entries) => new Map(entries)),
      fc.array(tie('value'), { maxLength: 2 }).map((items) => new Set(items)),
    ),
  }));
  const seen = (one: unknown) => inspect(copied(one), { depth: Number.POSITIVE_INFINITY, showHidden: true });
  fc.assert(
    fc.property(value, value, (one, other) => {
      expect(canonicalParam(one) === canonicalParam(other)).toBe(seen(one) === seen(other));
    }),
    { numRuns: 5_000 },
  );
});

describe('another source of params', () => {
  const one = () => ({
    b: -0,
    a: new Map<unknown, unknown>([
      ['b', new Set([2, -0])],
      ['a', [-0]],
    ]),
    re: /x/g,
  });
  const same = '{"a":Map(["a",[0]],["b",Set(0,2)]),"b":0,"re":/x/g}';

  @Task({ save: true })
  class Given {
    run() {
      return one();
    }
  }
  @Task({ save: true })
  class NamesRefs {
    @Requires(Given) given!: any;
    run() {
      return [task(Shows, { x: this.given }), task(Shows, { x: turned(this.given) })];
    }
  }
  @Task()
  class Default {
    @Param() x: unknown = one();
    run() {
      return shown(this.x);
    }
  }
  @Task()
  class HandsOn {
    @Param() x: unknown = turned(one());
    @Requires(Shows) it!: string;
    run() {
      return this.it;
    }
  }
  const schema = { '~standard': { version: 1, vendor: 'test', validate: (value: any) => ({ value: turned(value) }) } };
  @Task()
  class Checked {
    @Param(schema as never) x!: unknown;
    run() {
      return shown(this.x);
    }
  }

  it.each<[string, () => Promise<unknown>]>([
    ['a default', () => new Runner({ storage: 'memory:' }).run(Default)],
    ['the same, given', () => new Runner({ storage: 'memory:' }).run(Default, { x: turned(one()) })],
    ['a default that is handed on', () => new Runner({ storage: 'memory:' }).run(HandsOn)],
    ['what a schema makes', () => new Runner({ storage: 'memory:' }).run(Checked, { x: one() })],
    ['a regular expression in use', () => new Runner({ storage: 'memory:' }).run(Shows, { x: inUse(one()) })],
  ])('is the same to the task: %s', async (_, run) => {
    expect(await run()).toBe(same);
  });

  it('is the same to the task: results, saved and loaded', async () => {
    const storage = new Map();
    for (const _ of [1, 2]) {
      const [first, second] = (await new Runner({ storage }).run(NamesRefs)) as unknown as string[];
      expect(first).toBe(same);
      expect(second).toBe(same);
    }
  });

  function inUse(value: ReturnType<typeof one>) {
    value.re.lastIndex = 5;
    return value;
  }
});

/** The value with all irrelevant orders reversed. */
function turned(value: unknown): unknown {
  if (value === 0) return -0;
  if (Array.isArray(value)) return value.map(turned);
  if (value instanceof Map) return new Map([...value].reverse().map(([key, item]) => [turned(key), turned(item)]));
  if (value instanceof Set) return new Set([...value].reverse().map(turned));
  if (typeof value !== 'object' || value === null || value instanceof RegExp) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, item]) => [name, turned(item)]),
  );
}

it('requirements with the same key are the same to the task', async () => {
  @Task()
  class Leaf {
    @Param() n!: number;
    run() {
      return this.n;
    }
  }
  const leaf = (n: number) => task(Leaf, { n });
  const structures: [() => unknown, () => unknown][] = [
    [() => [-0, { b: leaf(1), a: -0 }], () => [0, { a: 0, b: leaf(1) }]],
    [
      () =>
        new Map([
          ['b', leaf(1)],
          ['a', leaf(2)],
        ]),
      () =>
        new Map([
          ['a', leaf(2)],
          ['b', leaf(1)],
        ]),
    ],
    [() => new Set([leaf(2), leaf(1), 3]), () => new Set([3, leaf(1), leaf(2)])],
  ];
  for (const [one, other] of structures) {
    const seen: string[] = [];
    const keys: string[] = [];
    for (const structure of [one, other]) {
      @Task()
      class Uses {
        @Requires(structure as () => any) it!: unknown;
        run() {
          return shown(this.it);
        }
      }
      seen.push(await new Runner({ storage: 'memory:' }).run(Uses));
      keys.push(await keyOf(Uses));
    }
    expect(keys[0]).toBe(keys[1]);
    expect(seen[0]).toBe(seen[1]);
  }
});

describe('a large value', () => {
  const count = 300;
  const kinds: Readonly<Record<string, () => any>> = {
    'typed array': () => new Float64Array(2_000).fill(3),
    Buffer: () => Buffer.alloc(10_000, 1),
    array: () => Array.from({ length: 2_000 }, (_, i) => i),
    objects: () => Array.from({ length: 500 }, (_, id) => ({ id, tags: ['a', id] })),
    tree: () => tree(4),
    Map: () => new Map(Array.from({ length: 1_000 }, (_, i) => [i, { i }])),
    Set: () => new Set(Array.from({ length: 1_000 }, (_, i) => `item ${i}`)),
    text: () => 'x'.repeat(20_000),
  };

  @Task()
  class Score {
    @Param() fold!: number;
    @Param() weights!: unknown;
    run() {
      return this.fold;
    }
  }
  @Task()
  class ScoreOptions {
    @Param() options!: { fold: number; weights: unknown };
    run() {}
  }
  @Task()
  class All {
    @Param() weights!: unknown;
    @Requires((self) => folds((fold) => task(Score, { fold, weights: self.weights }))) scores!: number[];
    run() {}
  }
  @Task()
  class Inherits {
    @Param() fold!: number;
    @Param() weights!: unknown;
    @Requires(Score) score!: number;
    run() {}
  }
  const folds = <T>(make: (fold: number) => T): T[] => Array.from({ length: count }, (_, fold) => make(fold));
  const distinct = (values: readonly unknown[]) => new Set(values).size;

  it.each(Object.entries(kinds))('of many tasks is copied once, and no node keeps its text: %s', async (_, make) => {
    const weights = make();
    const targets: unknown[] = [
      task(All, { weights }),
      folds((fold) => task(Score, { fold, weights })),
      folds((fold) => task(Inherits, { fold, weights })),
    ];
    for (const target of targets) {
      const { nodes } = await graphOf(target);
      expect(nodes.length).toBeGreaterThanOrEqual(count);
      expect(distinct(nodes.map(({ params }) => params['weights']))).toBe(1);
      for (const { identity } of nodes) expect(String(identity).length).toBeLessThan(1_200);
    }
  });

  it.each(Object.entries(kinds))('inside params is copied once: %s', async (_, make) => {
    const weights = make();
    const { nodes } = await graphOf(folds((fold) => task(ScoreOptions, { options: { fold, weights } })));
    expect(distinct(nodes.map(({ params }) => (params['options'] as { weights: unknown }).weights))).toBe(1);
    for (const { identity } of nodes) expect(String(identity).length).toBeLessThan(1_200);
  });

  it.each(['typed array', 'Buffer', 'array', 'Map'])('is hashed once: %s', async (kind) => {
    const hashed: number[] = [];
    const { hash } = crypto;
    jest.spyOn(crypto, 'hash').mockImplementation(((
      algorithm: string,
      data: string | Uint8Array,
      ...rest: unknown[]
    ) => {
      hashed.push(data.length);
      return (hash as Function)(algorithm, data, ...rest);
    }) as typeof hash);
    const weights = kinds[kind]!();
    await graphOf(task(All, { weights }));
    await keysOf(folds((fold) => task(Score, { fold, weights })));
    jest.restoreAllMocks();
    expect(hashed.filter((length) => length > 1_024).length).toBeLessThan(5);
  });

  it('that changes between two tasks is two values', async () => {
    const scratch = new Float64Array(500);
    const list = Array.from({ length: 500 }, () => 0);
    @Task()
    class Fills {
      @Param() n!: number;
      @Requires(({ n }) => {
        scratch.fill(n);
        list[7] = n;
        return task(Score, { fold: 0, weights: { scratch, list } });
      })
      score!: number;
      run() {}
    }
    const { nodes } = await graphOf(folds((n) => task(Fills, { n })));
    const scores = nodes.filter(({ task: { name } }) => name === 'Score');
    const seen = scores.map(({ params }) => (params['weights'] as { scratch: Float64Array }).scratch[0]);
    expect(seen).toEqual(folds((n) => n));
    expect(scores.map(({ params }) => (params['weights'] as { list: number[] }).list[7])).toEqual(folds((n) => n));
  });

  it('is one value to all tasks, though each has its own copy', async () => {
    @Task()
    class Changes {
      @Param() fold!: number;
      @Param() weights!: Float64Array;
      async run() {
        this.weights[0]! += this.fold;
        await null;
        return this.weights[0];
      }
    }
    const weights = new Float64Array(1_000).fill(1);
    const refs = folds((fold) => task(Changes, { fold, weights }));
    expect(await new Runner({ storage: 'memory:' }).run(refs)).toEqual(folds((fold) => fold + 1));
    expect(weights[0]).toBe(1);
  });

  it('that a function in @Requires changed is passed on changed', async () => {
    @Task()
    class Changes {
      @Param() weights!: Float64Array;
      @Requires((self) => {
        self.weights[0] = 7;
        return task(Score, { fold: 0, weights: self.weights });
      })
      score!: number;
      run() {
        return this.weights[0];
      }
    }
    const { nodes } = await graphOf(task(Changes, { weights: new Float64Array(1_000) }));
    expect(nodes.map(({ params }) => (params['weights'] as Float64Array)[0])).toEqual([0, 7]);
  });

  it('has a unique key, the same for all sources', async () => {
    for (const make of Object.values(kinds)) {
      const keys = await keysOf([
        task(Score, { fold: 1, weights: make() }),
        task(Score, { fold: 1, weights: [make(), 1] }),
        task(Score, { fold: 1, weights: [make(), 2] }),
      ]);
      expect(distinct(keys)).toBe(3);
      expect(await keyOf(task(Score, { fold: 1, weights: make() }))).toBe(keys[0]);
    }
  });
});

/** Nested small objects. */
function tree(depth: number): unknown {
  return depth === 0 ? { leaf: 'some text' } : Object.fromEntries([...'abcdef'].map((name) => [name, tree(depth - 1)]));
}

describe('a param that the task may change', () => {
  it('is an ordinary property, even if the class defines accessors', async () => {
    @Task()
    class Plain {
      @Param() at!: Date;
      run() {
        const before = Object.entries(this).map(([name]) => name);
        const { at } = this;
        this.at.setTime(7);
        const same = this.at === at;
        this.at = new Date(9);
        return [before, same, at.getTime(), this.at.getTime(), JSON.stringify({ ...this })];
      }
    }
    @Task()
    class Accessor {
      #at = new Date(0);
      @Param() get at(): Date {
        return this.#at;
      }
      set at(at: Date) {
        this.#at = at ?? new Date(0);
      }
      run() {
        return this.#at.getTime();
      }
    }
    const runner = new Runner({ storage: 'memory:' });
    expect(await runner.run(Plain, { at: new Date(3) })).toEqual([
      ['at'],
      true,
      7,
      9,
      '{"at":"1970-01-01T00:00:00.009Z"}',
    ]);
    expect(await runner.run(Accessor, { at: new Date(5) })).toBe(5);
  });
});
