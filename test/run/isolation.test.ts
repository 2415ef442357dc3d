import 'reflect-metadata';
import {
  Param,
  Requires,
  Runner,
  type RunnerOptions,
  registerType,
  Storage,
  Task,
  type TaskClass,
  type TaskRef,
  task,
  threads,
} from 'tidemark';
import { temporaryFolder } from '../support/temporary-folder';

class Point {
  constructor(public x: number) {}
}
registerType(Point, { name: 'isolation.Point', encode: ({ x }) => x, decode: (x) => new Point(x) });

/** Data that cannot be frozen: how it is made, how a task may change it, and what shows that it did. */
const kinds: Readonly<Record<string, { make(): any; change(value: any): void; show(value: any): unknown }>> = {
  Map: { make: () => new Map([['a', 1]]), change: (map) => map.set('b', 2), show: (map) => [...map] },
  Set: { make: () => new Set(['a']), change: (set) => set.clear(), show: (set) => [...set] },
  Date: { make: () => new Date(0), change: (date) => date.setTime(9), show: (date) => date.getTime() },
  RegExp: { make: () => /a/g, change: (re) => re.exec('aa'), show: (re) => re.lastIndex },
  URL: { make: () => new URL('http://a/b'), change: (url) => (url.pathname = '/c'), show: String },
  Error: { make: () => new RangeError('far'), change: (e) => (e.message = 'near'), show: (e) => [e.message, e.name] },
  Buffer: { make: () => Buffer.from('abc'), change: (b) => b.fill(0), show: String },
  Float64Array: { make: () => Float64Array.of(4, 2, 3), change: (xs) => xs.sort(), show: (xs) => [...xs] },
  'large Float64Array': {
    make: () => new Float64Array(20_000).fill(1),
    change: (xs) => xs.fill(2),
    show: (xs) => [xs.length, xs[0], xs[19_999]],
  },
  ArrayBuffer: {
    make: () => Uint8Array.of(1, 2).slice().buffer,
    change: (b) => new Uint8Array(b).fill(9),
    show: (b) => [...new Uint8Array(b)],
  },
  DataView: {
    make: () => new DataView(new ArrayBuffer(2)),
    change: (view) => view.setUint8(0, 7),
    show: (view) => view.getUint8(0),
  },
  'registered instance': { make: () => new Point(1), change: (point) => (point.x = 2), show: ({ x }) => x },
  'Map within a Map': {
    make: () => new Map([['in', new Map([[1, [new Date(1)]]])]]),
    change: (map) => map.get('in').get(1)[0].setTime(2),
    show: (map) => map.get('in').get(1)[0].getTime(),
  },
  'Map with objects': {
    make: () => new Map([['a', { n: 1 }]]),
    change: (map) => map.set('a', { n: 2 }),
    show: (map) => map.get('a').n,
  },
};

let kind = kinds['Map']!;
interface Holder {
  readonly deep: readonly { readonly value: unknown }[];
}

/** A task that makes data, one that changes it, and one that looks at it, either before or after that. */
function tasksFor(save: boolean) {
  @Task({ name: 'Make', save })
  class Make {
    run(): any {
      return kind.make();
    }
  }
  @Task({ name: 'MakeDeep', save })
  class MakeDeep {
    run(): Holder {
      return { deep: [{ value: kind.make() }] };
    }
  }
  @Task({ name: 'Change' })
  class Change {
    @Requires(Make) value!: any;
    @Requires(MakeDeep) holder!: Holder;
    run(): unknown {
      kind.change(this.value);
      kind.change(this.holder.deep[0]!.value);
      return [kind.show(this.value), kind.show(this.holder.deep[0]!.value)];
    }
  }
  @Task({ name: 'Look', save })
  class Look {
    @Param() after!: boolean;
    @Requires(Make) value!: any;
    @Requires(MakeDeep) holder!: Holder;
    @Requires(({ after }: Look) => (after ? task(Change) : undefined)) changed!: unknown;
    run(): any {
      return [kind.show(this.value), kind.show(this.holder.deep[0]!.value)];
    }
  }
  return { Make, MakeDeep, Change, Look };
}

const folder = temporaryFolder();
const storages: Readonly<Record<string, (name: string) => string | undefined>> = {
  'saved in memory': () => 'memory:',
  'saved to files': (name) => `file:${folder.path}/${name}`,
  'not saved': () => undefined,
};

describe.each(Object.keys(storages))('results that are %s', (where) => {
  it.each(Object.keys(kinds))('are the same for each task: %s', async (name) => {
    kind = kinds[name]!;
    const expected = [kind.show(kind.make()), kind.show(kind.make())];
    const { Make, MakeDeep, Change, Look } = tasksFor(storages[where]!('') !== undefined);
    const orders: TaskRef<any>[][] = [
      [task(Look, { after: false }), task(Change), task(Look, { after: true })],
      [task(Look, { after: true }), task(Change), task(Look, { after: false })],
    ];
    for (const [i, order] of orders.entries()) {
      const storage = storages[where]!(String(i)) ?? 'memory:';
      for (let round = 0; round < 2; round++) {
        const runner = new Runner({ storage });
        const results: any = await runner.run([...order, task(Make), task(MakeDeep)]);
        expect([results[0], results[2]]).toEqual([expected, expected]);
        expect(results[1]).not.toEqual(expected);
        expect([kind.show(results[3]), kind.show(results[4].deep[0].value)]).toEqual(expected);
        // What the caller does with it is not seen either.
        kind.change(results[3]);
        kind.change(results[4].deep[0].value);
        expect(await runner.run(Look, { after: true })).toEqual(expected);
        await runner.close();
      }
    }
  });
});

it('saves what each task made of what was saved, in any order', async () => {
  @Task({ save: true })
  class Load {
    run(): Float64Array {
      return Float64Array.of(4, 2, 3, 1);
    }
  }
  @Task({ save: true })
  class Median {
    @Requires(Load) xs!: Float64Array;
    run(): number {
      return this.xs.sort()[2]!;
    }
  }
  @Task({ save: true })
  class First {
    @Requires(Load) xs!: Float64Array;
    run(): number {
      return this.xs[0]!;
    }
  }
  for (const order of [
    [First, Median],
    [Median, First],
  ]) {
    const runner = new Runner({ storage: 'memory:' });
    await runner.run(order as TaskClass<any>[]);
    expect(await runner.run([First, Median])).toEqual([4, 3]);
  }
});

describe('what a task still has', () => {
  const config = { retries: 3, hosts: ['a'], limits: new Map([['cpu', 1]]) };
  const items = [{ id: 1 }];

  @Task({ save: true })
  class Settings {
    run(): typeof config {
      return config;
    }
  }
  @Task()
  class Items {
    run(): typeof items {
      return items;
    }
  }
  @Task()
  class Count {
    @Param() n!: number;
    @Requires(Items) items!: typeof items;
    run(): boolean {
      return Object.isFrozen(this.items) && Object.isFrozen(this.items[0]);
    }
  }

  it('is not frozen, while what others receive is', async () => {
    const runner = new Runner({ storage: 'memory:' });
    const settings = await runner.run(Settings);
    expect([settings, settings.hosts].map(Object.isFrozen)).toEqual([true, true]);
    expect(await runner.run([task(Count, { n: 1 }), task(Count, { n: 2 })])).toEqual([true, true]);
    expect([config, config.hosts, items, items[0]].map(Object.isFrozen)).toEqual([false, false, false, false]);
    config.hosts.push('b');
    config.limits.set('cpu', 2);
    items.push({ id: 2 });
    expect([settings.hosts, settings.limits.get('cpu'), (await runner.run(Settings)).hosts]).toEqual([['a'], 1, ['a']]);
    settings.limits.set('cpu', 3);
    expect(config.limits.get('cpu')).toBe(2);
    config.hosts.pop();
    config.limits.set('cpu', 1);
    items.pop();
  });

  it('may be changed while an encoder takes its time', async () => {
    const slow = {
      id: 'slow',
      serialize: async (value: unknown) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return Buffer.from(JSON.stringify(value));
      },
      deserialize: (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()),
    };
    const { encoder } = await import('tidemark');
    const list = [{ id: 1 }];
    @Task({ save: true, encoder: encoder({ serializer: slow }) })
    class List {
      run(): typeof list {
        setTimeout(() => list.push({ id: 2 }), 5);
        return list;
      }
    }
    const runner = new Runner({ storage: 'memory:' });
    expect(await runner.run(List)).toEqual([{ id: 1 }]);
    expect(await runner.run(List)).toEqual([{ id: 1 }]);
    expect(list.length).toBe(2);
  });
});

describe('a result with one user', () => {
  const large = new Float64Array(100_000);
  const own = { rows: [1, 2, 3], large };
  const seen: unknown[] = [];

  @Task()
  class Make {
    run(): typeof own {
      return own;
    }
  }
  @Task()
  class Use {
    @Requires(Make) own!: typeof own;
    run(): number {
      seen.push(this.own);
      return this.own.rows.length;
    }
  }
  @Task({ save: true })
  class SavedArray {
    run(): Float64Array {
      return large;
    }
  }
  @Task()
  class UseSaved {
    @Requires(SavedArray) large!: Float64Array;
    run(): number {
      seen.push(this.large);
      return 0;
    }
  }

  it('is handed over as it is when it is not saved', async () => {
    const runner = new Runner({ storage: 'memory:' });
    await runner.run(Use);
    expect(seen.pop()).toBe(own);
    expect(await runner.run(Make)).toBe(own);
    expect(Object.isFrozen(own)).toBe(false);
  });

  it.each(['memory:', 'file:'])('costs no copy of a large typed array, saved in %s', async (uri) => {
    const storage = uri === 'file:' ? `file:${folder.path}` : uri;
    expect(await new Runner({ storage }).run(SavedArray)).toBe(large);
    await new Runner({ storage: uri === 'file:' ? `file:${folder.path}/2` : uri }).run(UseSaved);
    expect(seen.pop()).toBe(large);
  });
});

describe('hooks', () => {
  let given: any;

  @Task({ save: true })
  class Kept {
    run(): any {
      return { tags: new Set(['a']), list: [1] };
    }
    checkpoint(result: any): void {
      result.tags.add('hook');
      given = result;
    }
  }

  it('receive a result of their own', async () => {
    const runner = new Runner({ storage: 'memory:' });
    const result: any = await runner.run(Kept);
    expect([[...result.tags], [...given.tags], Object.isFrozen(given.list)]).toEqual([['a'], ['a', 'hook'], true]);
  });

  it('of a run receive a result of their own', async () => {
    @Task()
    class Plain {
      run(): any {
        return new Map([['list', [1]]]);
      }
    }
    let received: any;
    const checkpoint = (result: any) => {
      received = result;
      result.set('hook', []);
    };
    const result: any = await new Runner({ storage: 'memory:' }).run(Plain, {}, { checkpoint });
    expect([[...result.keys()], [...received.keys()]]).toEqual([['list'], ['list', 'hook']]);
  });

  it('keep what they restore to themselves', async () => {
    const cache = new Map<string, any>();
    @Task()
    class Cached {
      @Param() save!: boolean;
      restore(): unknown {
        return cache.get('it');
      }
      run(): any {
        return undefined;
      }
    }
    @Task()
    class Uses {
      @Requires(() => task(Cached, { save: false })) it!: any;
      run(): number {
        this.it.when.setTime(5);
        this.it.bytes[0] = 5;
        this.it.list.push(5);
        return this.it.list.length;
      }
    }
    const it = { when: new Date(1), bytes: new Uint8Array(100_000), list: [1] };
    cache.set('it', it);
    for (let i = 0; i < 2; i++) expect(await new Runner({ storage: 'memory:' }).run(Uses)).toBe(2);
    expect([it.when.getTime(), it.bytes[0], it.list]).toEqual([1, 0, [1]]);
  });
});

describe('a task that is tried again', () => {
  let attempts: unknown[] = [];
  beforeEach(() => void (attempts = []));

  function tasks(save: boolean) {
    @Task({ name: 'Source', save })
    class Source {
      run(): any {
        return { when: new Date(1), list: [3, 1], bytes: new Uint8Array(100_000) };
      }
    }
    @Task({ name: 'Flaky', retries: 2 })
    class Flaky {
      @Requires(Source) source!: any;
      run(): number {
        const { when, bytes } = this.source;
        attempts.push([when.getTime(), bytes[0]]);
        when.setTime(9);
        bytes.fill(9);
        if (attempts.length < 3) throw new Error('not yet');
        return attempts.length;
      }
    }
    return Flaky;
  }

  it.each([true, false])('sees the same each time; saved: %s', async (save) => {
    expect(await new Runner({ storage: 'memory:' }).run(tasks(save))).toBe(3);
    expect(attempts).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
    ]);
  });
});

describe('dynamic results', () => {
  @Task({ save: true })
  class Part {
    @Param() n!: number;
    run(): any {
      return { when: new Date(this.n) };
    }
  }
  @Task()
  class Parts {
    run(): any {
      return { parts: [1, 2].map((n) => task(Part, { n })), tags: new Set(['a']) };
    }
  }
  @Task()
  class Spoils {
    @Requires(Parts) parts!: any;
    @Requires(() => task(Part, { n: 1 })) part!: any;
    run(): number {
      for (const { when } of [...this.parts.parts, this.part]) when.setTime(99);
      this.parts.tags.add('b');
      return 0;
    }
  }
  @Task()
  class Reads {
    @Requires(Parts) parts!: any;
    @Requires(Spoils) spoilt!: number;
    @Requires(() => task(Part, { n: 2 })) part!: any;
    run(): any {
      return [...this.parts.parts, this.part].map(({ when }) => when.getTime()).concat(this.parts.tags.size);
    }
  }

  it('are the same for each task, also when loaded', async () => {
    const runner = new Runner({ storage: 'memory:' });
    for (let i = 0; i < 3; i++) {
      const [reads, parts] = (await runner.run([Reads, Parts])) as [number[], any];
      expect(reads).toEqual([1, 2, 2, 1]);
      expect(parts.parts.map(({ when }: any) => when.getTime())).toEqual([1, 2]);
    }
  });

  it('are the same for executions that wait for each other', async () => {
    const order: string[] = [];
    @Task()
    class Slow {
      async run(): Promise<any> {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return [new Date(1), [1]];
      }
    }
    @Task()
    class Changes {
      @Param() who!: string;
      @Requires(Slow) slow!: any;
      run(): number {
        order.push(this.who);
        const before = this.slow[0].getTime();
        this.slow[0].setTime(before + 1);
        return before;
      }
    }
    @Task()
    class Spreads {
      @Param() who!: string;
      run(): any {
        return [task(Changes, { who: this.who })];
      }
    }
    const results = await new Runner({ storage: 'memory:' }).run(
      ['a', 'b', 'c'].map((who) => task(Spreads, { who })) as TaskRef<any>[],
    );
    expect([results, order.length]).toEqual([[[1], [1], [1]], 3]);
  });
});

it('keeps apart what others have in parts and in structures', async () => {
  @Task()
  class Split {
    run(): any {
      const shared = new Date(1);
      return { train: [shared, shared], test: new Map([['when', shared]]) };
    }
  }
  @Task()
  class Train {
    @Requires(() => (task(Split) as TaskRef<any>).at('train')) train!: any;
    @Requires(() => [(task(Split) as TaskRef<any>).at('train', 0), (task(Split) as TaskRef<any>).at('test')]) all!: any;
    run(): boolean[] {
      this.train[0].setTime(5);
      return [this.train[0] === this.train[1], this.train[0] === this.all[0], this.all[1].get('when') === this.all[0]];
    }
  }
  @Task()
  class Test {
    @Requires(Train) train!: boolean[];
    @Requires(() => (task(Split) as TaskRef<any>).at('test', 'when')) when!: Date;
    run(): number {
      return this.when.getTime();
    }
  }
  expect(await new Runner({ storage: 'memory:' }).run([Train, Test] as TaskClass<any>[])).toEqual([
    [true, true, true],
    1,
  ]);
});

it('keeps literals in requirements apart', async () => {
  const table = Float64Array.of(1, 2);
  const since = new Date(1);
  @Task({ save: true })
  class Uses {
    @Param() n!: number;
    @Requires(() => [table, { since }]) given!: any;
    run(): number {
      this.given[0].fill(9);
      return this.given[1].since.setTime(9);
    }
  }
  const runner = new Runner({ storage: 'memory:' });
  await runner.run([1, 2].map((n) => task(Uses, { n })));
  expect([[...table], since.getTime()]).toEqual([[1, 2], 1]);
});

it('passes services and other objects that are not data by reference', async () => {
  class Connection {
    readonly queries: string[] = [];
  }
  @Task()
  class Connect {
    run(): any {
      return { connection: new Connection(), now: () => 1 };
    }
  }
  @Task()
  class Query {
    @Param() n!: number;
    @Requires(Connect) db!: any;
    run(): unknown {
      this.db.connection.queries.push(String(this.n));
      return this.db.connection;
    }
  }
  const [a, b] = (await new Runner({ storage: 'memory:' }).run([
    task(Query, { n: 1 }),
    task(Query, { n: 2 }),
  ])) as any[];
  expect([a === b, a.queries.length, Object.isFrozen(a)]).toEqual([true, 2, false]);
});

it('passes everything by reference when told not to freeze', async () => {
  const own = { map: new Map() };
  @Task({ save: true })
  class Own {
    run(): typeof own {
      return own;
    }
  }
  @Task()
  class Same {
    @Param() n!: number;
    @Requires(Own) own!: typeof own;
    run(): boolean {
      return this.own === own;
    }
  }
  const options: RunnerOptions = { storage: 'memory:', freeze: false };
  expect(await new Runner(options).run([task(Same, { n: 1 }), task(Same, { n: 2 }), Own] as TaskRef<any>[])).toEqual([
    true,
    true,
    own,
  ]);
});

it('holds for results that come from threads', async () => {
  const { Make, Change, Look } = require('./fixtures/isolation-tasks') as typeof import('./fixtures/isolation-tasks');
  const executor = threads({ modules: [require.resolve('./fixtures/isolation-tasks.ts')], size: 1, execArgv });
  const runner = new Runner({ storage: Storage.open('memory:'), queues: { Make: { executor } } });
  try {
    for (let i = 0; i < 2; i++) {
      const [change, look, made] = (await runner.run([Change, Look, Make] as TaskClass<any>[])) as any[];
      expect([change, look, [...made.xs], [...made.tags]]).toEqual([9, [[4, 2, 3], ['a']], [4, 2, 3], ['a']]);
    }
  } finally {
    await runner.close();
    await executor.close?.();
  }
});
const execArgv = ['-r', require.resolve('../support/register.js')];

describe('a task that changes what is frozen', () => {
  @Task({ save: true })
  class Rows {
    run(): { n: number }[] {
      return [{ n: 1 }];
    }
  }
  @Task()
  class ChangesParam {
    @Param() options!: { n: number };
    run(): number {
      return this.options.n++;
    }
  }
  @Task()
  class ChangesResult {
    @Param() n = 1;
    @Requires(Rows) rows!: { n: number }[];
    run(): number {
      return this.rows.push({ n: this.n });
    }
  }

  it('is told that params are frozen, and what to do', async () => {
    const error = await new Runner({ storage: 'memory:' })
      .run(ChangesParam, { options: { n: 1 } })
      .catch((e: Error) => e.message);
    expect(error).toMatch(/read only property 'n'.*Params are frozen: .*structuredClone\(this\.options\)/);
    expect(error).not.toMatch(/freeze: false|Results/);
  });

  it('is told that results are frozen, and what to do', async () => {
    const error = await new Runner({ storage: 'memory:' }).run(ChangesResult).catch((e: Error) => e.message);
    expect(error).toMatch(/not extensible.*Results are frozen .*structuredClone.*freeze: false/);
    expect(error).not.toMatch(/Params/);
  });
});
