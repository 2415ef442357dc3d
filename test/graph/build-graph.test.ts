import { setTimeout as wait } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { Param, Requires, Task, type TaskRef, task } from 'tidemark';
import { type StandardSchema } from 'tidemark/extend';
import { fillTemplate } from '../../src/graph/structure';
import { graphOf, keyOf, messageOf, requiredBy } from './graph-of';

@Task()
class Leaf {
  @Param() n = 1;
  run() {
    return this.n;
  }
}
@Task()
class Value {
  @Param({ optional: true }) x?: any;
  run() {
    return this.x;
  }
}
@Task()
class Chain {
  @Param() n!: number;
  @Requires((self): unknown => (self.n > 0 ? task(Chain, { n: self.n - 1 }) : [])) rest!: unknown;
  run() {}
}

const shown = async (target: unknown) => (await graphOf(target)).nodes.map(String);

describe('nodes', () => {
  it('are unique per task and params, however the params are written', async () => {
    @Task()
    class Other {
      @Param() n = 1;
      run() {}
    }
    const nodes = await shown([
      Leaf,
      task(Leaf),
      task(Leaf, { n: 1 }),
      task(Leaf, { n: 2 }),
      Other,
      task(Value, { x: { a: 1, b: 2 } }),
      task(Value, { x: { b: 2, a: 1 } }),
    ]);
    expect(nodes).toEqual(['Leaf({ n: 1 })', 'Leaf({ n: 2 })', 'Other({ n: 1 })', 'Value({ x: { a: 1, b: 2 } })']);
  });

  it('differ if values differ', async () => {
    const values = [
      1,
      '1',
      true,
      1n,
      null,
      undefined,
      [1],
      new Set([1]),
      new Map([[0, 1]]),
      Number.NaN,
      Buffer.of(1),
      Uint8Array.of(1),
    ];
    const { nodes } = await graphOf(values.map((x) => task(Value, { x })));
    expect(nodes).toHaveLength(values.length);
    const zeros = await graphOf([
      task(Leaf, { n: 0 }),
      task(Leaf, { n: -0 }),
      task(Value, { x: [0] }),
      task(Value, { x: [-0] }),
    ]);
    expect(zeros.nodes).toHaveLength(2);
  });

  it('are shared by their dependents, with each edge once', async () => {
    @Task()
    class Left {
      @Requires(() => [Leaf, Leaf]) all!: number[];
      run() {}
    }
    @Task()
    class Right {
      @Requires(() => task(Leaf, { n: 1 })) one!: number;
      run() {}
    }
    @Task()
    class Top {
      @Requires(Left) left!: void;
      @Requires(Right) right!: void;
      run() {}
    }
    const graph = await graphOf(Top);
    expect(graph.nodes.map(String)).toEqual(['Top', 'Left', 'Right', 'Leaf({ n: 1 })']);
    expect(graph.nodes.map((node) => requiredBy(graph, node).map(String))).toEqual([
      ['Left', 'Right'],
      ['Leaf({ n: 1 })'],
      ['Leaf({ n: 1 })'],
      [],
    ]);
    expect(Array.from(graph.order, (index) => String(graph.nodes[index]))).toEqual([
      'Leaf({ n: 1 })',
      'Left',
      'Right',
      'Top',
    ]);
  });

  it('are frozen, with their params, and so is the graph', async () => {
    const x = { list: [{ deep: [1] }], text: 'a' };
    const graph = await graphOf([task(Value, { x }), Leaf]);
    const { params } = graph.nodes[0]!;
    for (const part of [
      graph,
      graph.nodes,
      graph.targets,
      graph.nodes[0],
      params,
      params['x'],
      (params['x'] as typeof x).list[0]!.deep,
    ])
      expect(part).toBeFrozen();
    x.list.push({ deep: [] });
    expect((params['x'] as typeof x).list).toHaveLength(1);
  });
});

describe('structures', () => {
  it('of any shape keep everything but refs', async () => {
    const date = new Date(0);
    const target = {
      a: [Leaf, 'text', null, undefined],
      map: new Map([['k', task(Leaf, { n: 2 })]]),
      set: new Set([task(Leaf, { n: 3 })]),
      date,
      part: task(Value).at('p'),
    };
    const graph = await graphOf(target);
    const filled = fillTemplate(graph.target, (node) =>
      node.task.name === 'Value' ? { p: 'part' } : node.params['n'],
    );
    expect(filled).toEqual({
      a: [1, 'text', null, undefined],
      map: new Map([['k', 2]]),
      set: new Set([3]),
      date,
      part: 'part',
    });
  });

  it('of another realm are searched, too', async () => {
    const [map, set, list] = runInNewContext('(ref) => [new Map([[1, ref]]), new Set([ref]), [{ ref }]]')(task(Leaf));
    expect((await graphOf([map, set, list])).nodes).toHaveLength(1);
  });

  it.each([
    [
      'a list',
      (ref: unknown) => {
        const list = [ref];
        list.push(list);
        return list;
      },
    ],
    [
      'an object',
      (ref: unknown) => {
        const object: Record<string, unknown> = { ref };
        object['self'] = [object];
        return object;
      },
    ],
    [
      'a Map',
      (ref: unknown) => {
        const map = new Map<string, unknown>([['ref', ref]]);
        return map.set('self', map);
      },
    ],
  ])('that contain themselves are rejected: %s', async (_, make) => {
    @Task()
    class Holds {
      @Requires(() => make(task(Leaf)) as unknown) all!: unknown;
      run() {}
    }
    expect(await messageOf(() => graphOf(Holds))).toMatch(
      /^the result of @Requires on Holds\.all contains itself.*\n {4}at Holds$/,
    );
    expect(await messageOf(() => graphOf(make(task(Leaf))))).toMatch(/^the target contains itself/);
  });

  it('are rejected when nested too deep', async () => {
    let deep: unknown = task(Leaf);
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(await messageOf(() => graphOf(deep))).toMatch(/^the target .*nested more than/);
  });

  it.each([undefined, null, 'Leaf', 3])('that are just %p are nothing to run', async (target) => {
    expect(await messageOf(() => graphOf(target))).toMatch(/^nothing to run: received /);
  });

  it('may be empty', async () => {
    expect((await graphOf([])).nodes).toEqual([]);
    expect((await graphOf({ a: [] })).target).toEqual({ a: [] });
  });
});

describe('cycles', () => {
  it('are printed', async () => {
    @Task()
    class Ping {
      @Param() n = 0;
      @Requires((): unknown => task(Pong, { n: 1 })) pong!: unknown;
      run() {}
    }
    @Task()
    class Pong {
      @Param() n = 0;
      @Requires(() => task(Ping, { n: 1 })) ping!: unknown;
      run() {}
    }
    expect(await messageOf(() => graphOf(Ping))).toBe(
      'these tasks require each other in a cycle:\n    Pong({ n: 1 })\n    requires Ping({ n: 1 })\n    requires Pong({ n: 1 })',
    );
  });

  it('of one are printed', async () => {
    @Task()
    class Self {
      @Param() n = 0;
      @Requires((self): unknown => task(Self, { n: self.n })) self!: unknown;
      run() {}
    }
    expect(await messageOf(() => graphOf([Leaf, Self]))).toBe(
      'these tasks require each other in a cycle:\n    Self({ n: 0 })\n    requires Self({ n: 0 })',
    );
  });

  it('that are long are abbreviated', async () => {
    @Task()
    class Round {
      @Param() n = 0;
      @Requires((self): unknown => task(Round, { n: (self.n + 1) % 1_000 })) next!: unknown;
      run() {}
    }
    const lines = (await messageOf(() => graphOf(Round))).split('\n');
    expect(lines).toHaveLength(12);
    expect(lines[6]).toBe('    requires … 991 more …');
  });

  it('of refs in params are rejected', async () => {
    const held: unknown[] = [];
    const ref = task(Value, { x: held });
    held.push(task(Value, { x: [ref] }));
    expect(await messageOf(() => graphOf(ref))).toMatch(
      /^the params of task\(Value, …\) contain a ref that contains itself/,
    );
  });
});

describe('an endless recursion', () => {
  @Task()
  class Endless {
    @Param() n = 0;
    @Requires((self): unknown => task(Endless, { n: self.n + 1 })) next!: unknown;
    run() {}
  }

  it('is detected by the number of nodes, and reported with its path', async () => {
    const message = await messageOf(() => graphOf(Endless, { maxNodes: 1_000 }));
    expect(message).toMatch(/^the graph has more than 1000 nodes: does a task require itself with ever new params\?/);
    expect(message).toContain('at Endless({ n: 999 })\n    required by Endless({ n: 998 })');
    expect(message).toContain('required by Endless({ n: 0 })');
    expect(message.split('\n').length).toBeLessThan(15);
  });

  it('is detected by its depth, long before the maximum number of nodes', async () => {
    const message = await messageOf(() => graphOf(Endless, { maxDepth: 1_000 }));
    expect(message).toMatch(/^tasks require each other more than 1000 levels deep: does a task require itself/);
    expect(message).toContain('at Endless({ n: 1000 })\n    required by Endless({ n: 999 })');
    expect((await graphOf(task(Chain, { n: 9 }), { maxDepth: 10 })).nodes).toHaveLength(10);
  });

  it('may have the maximum number of nodes', async () => {
    expect((await graphOf(task(Chain, { n: 9 }), { maxNodes: 10 })).nodes).toHaveLength(10);
  });
});

describe('refs as params', () => {
  @Task()
  class Uses {
    @Param() refs!: unknown;
    @Requires((self) => self.refs) values!: unknown;
    run() {
      return this.values;
    }
  }

  it.each<[string, (ref: TaskRef<number>) => unknown]>([
    ['alone', (ref) => ref],
    ['in a list', (ref) => [[ref]]],
    ['in an object', (ref) => ({ a: { b: ref } })],
    ['in a Map', (ref) => new Map([['a', ref]])],
    ['in a Set', (ref) => new Set([ref])],
  ])('become nodes when they are required, and stay refs in params: %s', async (_, wrap) => {
    const graph = await graphOf(task(Uses, { refs: wrap(task(Leaf, { n: 3 })) }));
    const node = graph.targets[0]!;
    expect(requiredBy(graph, node).map(String)).toEqual(['Leaf({ n: 3 })']);
    expect(node.params['refs']).toEqual(wrap(task(Leaf, { n: 3 })));
    expect(fillTemplate(node.requirements[0], () => 7)).toEqual(wrap(7 as never));
  });

  it('distinguish nodes that are equal in other params', async () => {
    @Task()
    class Beside {
      @Param() model!: TaskRef<number>;
      @Param() times = 2;
      @Requires((self) => self.model) value!: number;
      run() {
        return this.value * this.times;
      }
    }
    const refs = [1, 2].map((n) => task(Beside, { model: task(Leaf, { n }), times: 3 }));
    expect((await graphOf(refs)).targets).toHaveLength(2);
  });

  it('are not run unless they are required', async () => {
    const graph = await graphOf(task(Value, { x: [task(Leaf)] }));
    expect(Array.from(graph.order, (index) => String(graph.nodes[index]))).toEqual(['Value({ x: [ task(Leaf) ] })']);
  });

  it('are equal if their params are', async () => {
    const refs = [task(Leaf), task(Leaf, { n: 1 }), task(Leaf, {})];
    expect((await graphOf(refs.map((x) => task(Value, { x })))).targets).toHaveLength(1);
    const parts = [task(Leaf), task(Value).at('a'), task(Value).at('b'), task(Leaf, { n: 2 })];
    expect((await graphOf(parts.map((x) => task(Value, { x })))).targets).toHaveLength(4);
  });

  it('may be nested 20,000 deep', async () => {
    let ref = task(Value);
    for (let i = 0; i < 20_000; i++) ref = task(Value, { x: i % 2 === 0 ? ref : [ref] });
    const graph = await graphOf(ref);
    expect(graph.nodes).toHaveLength(20_001);
    expect(graph.order).toHaveLength(1);
    expect(await keyOf(ref)).toMatch(/^Value\/[0-9a-f]{32}$/);
  });

  it('may be 200,000 in one param', async () => {
    const x = Array.from({ length: 200_000 }, (_, n) => task(Leaf, { n }));
    expect((await graphOf(task(Value, { x }))).nodes).toHaveLength(200_001);
  });
});

describe('self', () => {
  it('has getters, methods and private fields that see the params', async () => {
    @Task()
    class Private {
      @Param() n!: number;
      #factor = 10;
      get next() {
        return this.n + 1;
      }
      times(x: number) {
        return x * this.#factor;
      }
      bound = () => this.n;
      @Requires((self) => [self.next, self.times(self.n), self.bound()].map((n) => task(Leaf, { n }))) all!: number[];
      run() {}
    }
    expect(await shown([task(Private, { n: 5 }), task(Private, { n: 7 })])).toEqual(
      expect.arrayContaining([
        'Leaf({ n: 6 })',
        'Leaf({ n: 50 })',
        'Leaf({ n: 5 })',
        'Leaf({ n: 8 })',
        'Leaf({ n: 70 })',
        'Leaf({ n: 7 })',
      ]),
    );
  });

  it('resets an absent optional param for the next node', async () => {
    @Task()
    class Optional {
      @Param() id!: number;
      @Param({ optional: true }) n?: number;
      @Requires((self) => (self.n === undefined ? [] : task(Leaf, { n: self.n }))) one!: unknown;
      run() {}
    }
    const nodes = await shown([task(Optional, { id: 1, n: 8 }), task(Optional, { id: 2 })]);
    expect(nodes.filter((name) => name.startsWith('Leaf'))).toEqual(['Leaf({ n: 8 })']);
  });

  it('cannot change lists and objects for the next node', async () => {
    @Task()
    class Pushes {
      @Param() id!: number;
      @Param() seeds = [1];
      @Requires((self) => task(Leaf, { n: self.seeds.push(9) })) leaf!: number;
      run() {}
    }
    expect(await messageOf(() => graphOf(task(Pushes, { id: 1 })))).toMatch(
      /^the function in @Requires on Pushes\.leaf failed: .*not extensible[\s\S]*at Pushes\({ id: 1, seeds: \[ 1 \] }\)$/,
    );
  });

  it('has its own copy of values that cannot be frozen', async () => {
    @Task()
    class Changes {
      @Param() id!: number;
      @Param() dates = new Map([['a', new Date(1)]]);
      @Param() bytes = Uint8Array.of(1);
      @Param() found = new Set<number>();
      @Requires((self) => {
        const n = self.dates.get('a')!.getTime() + self.bytes[0]! + self.found.size;
        self.dates.get('a')!.setTime(50);
        self.dates.set('b', new Date());
        self.bytes[0] = 60;
        self.found.add(n);
        return task(Leaf, { n });
      })
      leaf!: number;
      run() {}
    }
    const { nodes } = await graphOf([1, 2, 3].map((id) => task(Changes, { id })));
    expect(nodes.map(String).filter((name) => name.startsWith('Leaf'))).toEqual(['Leaf({ n: 2 })']);
    expect(nodes[0]!.params).toEqual({
      id: 1,
      dates: new Map([['a', new Date(1)]]),
      bytes: Uint8Array.of(1),
      found: new Set(),
    });
  });

  it('resets its fields for each node', async () => {
    @Task()
    class Memo {
      @Param() n!: number;
      twice?: number;
      asked = 0;
      get double() {
        return (this.twice ??= this.n * 2);
      }
      @Requires((self) => task(Leaf, { n: self.double + self.asked++ })) leaf!: number;
      run() {}
    }
    const nodes = await shown([task(Memo, { n: 1 }), task(Memo, { n: 2 }), task(Memo, { n: 3 })]);
    expect(nodes.filter((name) => name.startsWith('Leaf'))).toEqual([
      'Leaf({ n: 2 })',
      'Leaf({ n: 4 })',
      'Leaf({ n: 6 })',
    ]);
  });

  it('keeps no state of a task: in private fields, lists and Maps', async () => {
    @Task()
    class Memo {
      @Param() n!: number;
      #twice?: number;
      protected seen: number[] = [];
      readonly cache = new Map<string, number>();
      get double() {
        return (this.#twice ??= this.n * 2);
      }
      get triple() {
        if (!this.cache.has('triple')) this.cache.set('triple', this.n * 3);
        return this.cache.get('triple')!;
      }
      @Requires((self) => [self.double, self.triple, self.seen.push(self.n)].map((n) => task(Leaf, { n })))
      all!: number[];
      run() {}
    }
    const graph = await graphOf([10, 20].map((n) => task(Memo, { n })));
    const numbers = graph.targets.map((node) => requiredBy(graph, node).map(({ params }) => params['n']));
    expect(numbers).toEqual([
      [20, 30, 1],
      [40, 60, 1],
    ]);
  });

  it('reports a read of requirements, which are not filled yet', async () => {
    @Task()
    class Early {
      @Requires(Leaf) first!: number;
      @Requires((self) => task(Leaf, { n: self.first })) second!: number;
      run() {}
    }
    @Task()
    class Above {
      @Requires(Early) early!: void;
      run() {}
    }
    const message = await messageOf(() => graphOf(Above));
    expect(message).toBe(
      'Early.first is a requirement: it is filled just before run() and cannot be read while planning; derive from params only\n    at Early\n    required by Above',
    );
  });
});

describe('functions in @Requires', () => {
  it('that throw are named', async () => {
    @Task()
    class Throws {
      @Param() n = 1;
      @Requires(() => {
        throw new Error('no such year');
      })
      never!: never;
      run() {}
    }
    expect(await messageOf(() => graphOf(Throws))).toBe(
      'the function in @Requires on Throws.never failed: no such year\n    at Throws({ n: 1 })',
    );
  });

  it.each([
    ['a structure', Requires(async () => task(Leaf)) as PropertyDecorator],
    ['params', Requires(Leaf, (async () => ({ n: 2 })) as () => object) as PropertyDecorator],
  ])('that are asynchronous are rejected: %s', async (_, decorator) => {
    @Task()
    class Asynchronous {
      @decorator it!: any;
      run() {}
    }
    expect(await messageOf(() => graphOf(Asynchronous))).toMatch(
      /^the function in @Requires on Asynchronous\.it returned a promise; it must return .* synchronously[\s\S]*at Asynchronous$/,
    );
  });

  it.each([[3], ['text'], [null], [[Leaf]]])('that return %p instead of params are rejected', async (given) => {
    @Task()
    class Odd {
      @Requires(Leaf, (() => given) as unknown as () => object) it!: any;
      run() {}
    }
    expect(await messageOf(() => graphOf(Odd))).toMatch(
      /^the function in @Requires on Odd\.it returned .*; it must return an object of params/,
    );
  });

  it('that return a function instead of a ref are rejected', async () => {
    @Task()
    class Odd {
      @Requires(() => [() => Leaf]) it!: any;
      run() {}
    }
    expect(await messageOf(() => graphOf(Odd))).toBe(
      '@Requires on Odd.it returned a function instead of task refs\n    at Odd',
    );
  });

  it('that return undefined instead of a class are named', async () => {
    @Task()
    class Later {
      @Requires((() => undefined) as unknown as () => typeof Leaf, () => ({})) it!: number;
      run() {}
    }
    expect(await messageOf(() => graphOf(Later))).toMatch(
      /^@Requires\(\(\) => …\) on Later\.it returned undefined[\s\S]*at Later$/,
    );
  });
});

describe('asynchronous', () => {
  const soon: StandardSchema<number, number> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: async (value) => {
        await wait(1);
        return (value as number) > 100 ? { issues: [{ message: 'too much' }] } : { value: Math.round(value as number) };
      },
    },
  };
  @Task()
  class Later {
    @Param(soon) n!: number;
    @Param(soon) m = 1.2;
    @Requires((self): unknown => (self.n > 0 ? task(Later, { n: self.n - 0.6 }) : task(Leaf))) rest!: unknown;
    run() {}
  }

  it('schemas determine the param', async () => {
    const nodes = await shown([
      task(Later, { n: 1.9 }),
      task(Later, { n: 2.1 }),
      task(Value, { x: task(Later, { n: 0.1 }) }),
    ]);
    expect(nodes.sort()).toEqual([
      'Later({ m: 1, n: 0 })',
      'Later({ m: 1, n: 1 })',
      'Later({ m: 1, n: 2 })',
      'Leaf({ n: 1 })',
      'Value({ x: task(Later, …) })',
    ]);
  });

  it('schemas may reject the param', async () => {
    @Task()
    class Above {
      @Requires(() => task(Later, { n: 1_000 })) later!: unknown;
      run() {}
    }
    expect(await messageOf(() => graphOf(Above))).toBe(
      'Later: the param n is 1000, which its schema rejects: too much\n    at Above',
    );
  });

  it('containers make instances of classes whose constructors use services', async () => {
    const made: string[] = [];
    const container = {
      resolve: async <T>(cls: new (clock: { now: number }) => T) => {
        await wait(1);
        made.push(cls.name);
        return new cls({ now: 7 });
      },
    };
    @Task()
    class Timed {
      @Param() at: string;
      @Requires(Leaf, (self) => ({ n: self.at.length })) leaf!: number;
      constructor(readonly clock: { now: number }) {
        this.at = `at ${clock.now}`;
      }
      run() {}
    }
    expect(await shown([task(Chain, { n: 5 }), task(Later, { n: 1 })])).toHaveLength(9);
    const { nodes } = await graphOf([task(Timed), task(Chain, { n: 1 })], { container });
    expect(nodes.map(String)).toContain("Timed({ at: 'at 7' })");
    expect(made).toEqual(['Timed']);
  });

  it('results may be promises of another realm', async () => {
    const validate = runInNewContext('async (value) => ({ value: value + 1 })') as () => any;
    @Task()
    class Foreign {
      @Param({ '~standard': { version: 1, vendor: 'test', validate } } as StandardSchema<number>) n = 1;
      run() {}
    }
    expect(await shown(task(Foreign, { n: 5 }))).toEqual(['Foreign({ n: 6 })']);
  });
});

expect.extend({
  toBeFrozen: (value: unknown) => ({ pass: Object.isFrozen(value), message: () => `${String(value)} is not frozen` }),
});
declare module 'expect' {
  interface Matchers<R> {
    toBeFrozen(): R;
  }
}
declare global {
  namespace jest {
    interface Matchers<R> {
      toBeFrozen(): R;
    }
  }
}
