import 'reflect-metadata';
import {
  Param,
  Requires,
  RunFailedError,
  Runner,
  type RunnerOptions,
  Task,
  TaskFailedError,
  task,
  UnsupportedValueError,
} from 'tidemark';
import { ObservedStore } from '../support/observed-store';
import { outcomeOf } from '../support/outcome';

const ran: string[] = [];
let broken = new Set<string>();
let store: ObservedStore;
const open = (options: RunnerOptions = {}) => new Runner({ storage: store, ...options });
beforeEach(() => {
  ran.length = 0;
  broken = new Set();
  store = new ObservedStore();
});

@Task({ save: true })
class Leaf {
  @Param() name!: string;
  async run(): Promise<string> {
    if (broken.has(this.name)) throw new Error(`${this.name} is broken`);
    await new Promise((resolve) => setTimeout(resolve, this.name === 'slow' ? 20 : 1));
    ran.push(this.name);
    return this.name;
  }
}

@Task({ save: true })
class Pair {
  @Param() names!: string[];
  @Requires((self) => self.names.map((name) => task(Leaf, { name }))) leaves!: string[];
  run(): string {
    if (broken.has('pair')) throw new Error('pair is broken');
    ran.push(this.leaves.join('+'));
    return this.leaves.join('+');
  }
}

@Task()
class All {
  @Param() pairs!: string[][];
  @Requires((self) => self.pairs.map((names) => task(Pair, { names }))) all!: string[];
  run(): string {
    ran.push('All');
    return this.all.join(' ');
  }
}

const pairs = [
  ['a', 'slow'],
  ['b', 'c'],
  ['d', 'e'],
];

it("starts nothing new after a failure, and lets what is running finish and be saved ('stop')", async () => {
  broken.add('b');
  const { error, summary } = await outcomeOf(open({ concurrency: 3 }).start(All, { pairs }));
  expect(error).toBeInstanceOf(RunFailedError);
  expect(ran.sort()).toEqual(['a', 'slow']);
  expect(summary).toMatchObject({ ran: 2, saved: 2, failed: 1, skipped: 7 });
  expect(error.summary).toMatchObject({ ran: 2, saved: 2 });
});

it("runs all that does not need what failed ('continue'), then fails", async () => {
  broken = new Set(['b', 'e']);
  const { error, summary } = await outcomeOf(open().start(All, { pairs }, { onFailure: 'continue' }));
  expect(ran.sort()).toEqual(['a', 'a+slow', 'c', 'd', 'slow']);
  expect(error.errors.map(({ params }: TaskFailedError) => params['name'])).toEqual(['b', 'e']);
  expect(summary).toMatchObject({ ran: 5, saved: 5, failed: 2, skipped: 3 });
});

it('says what failed, where it was required, why, and what is saved', async () => {
  broken.add('b');
  const { error } = await outcomeOf(open({ concurrency: 1 }).start(All, { pairs }));
  const [failed] = error.errors as TaskFailedError[];
  expect(failed).toBeInstanceOf(TaskFailedError);
  expect(failed).toMatchObject({
    name: 'TaskFailedError',
    task: 'Leaf',
    params: { name: 'b' },
    attempts: 1,
    cause: expect.objectContaining({ message: 'b is broken' }),
  });
  expect(failed!.key).toBe(await open().key(Leaf, { name: 'b' }));
  expect(failed!.requiredBy).toEqual([expect.stringMatching(/^All\(/), "Pair({ names: [ 'b', 'c' ] })"]);
  expect(error.message).toBe(
    `Leaf({ name: 'b' }) failed: b is broken
    required by Pair({ names: [ 'b', 'c' ] })
    required by All({ pairs: [ [ 'a', 'slow' ], [ 'b', 'c' ], [ 'd', 'e' ] ] })
3 tasks ran and 0 loaded, 6 did not run. 3 results are saved; a new run goes on from there.`,
  );
  expect([error.name, error.cause]).toEqual(['RunFailedError', failed!.cause]);
});

it('lists the first of many failures', async () => {
  broken = new Set('abcdefgh');
  const names = [...broken].map((name) => task(Leaf, { name }));
  const { error } = await outcomeOf(open().start(names, { onFailure: 'continue' }));
  expect(error.message).toMatch(
    /^8 tasks failed:\n {2}- Leaf\(\{ name: 'a' \}\) failed: a is broken\n[\s\S]* {2}… and 3 more\n0 tasks ran and 0 loaded\. Nothing is saved\.$/,
  );
});

it('computes only what is missing once the fault is mended', async () => {
  broken = new Set(['c', 'pair']);
  await outcomeOf(open().start(All, { pairs }, { onFailure: 'continue' }));
  broken = new Set();
  ran.length = 0;
  expect(await open().run(All, { pairs })).toBe('a+slow b+c d+e');
  expect(ran.sort()).toEqual(['All', 'a+slow', 'b+c', 'c', 'd+e']);
});

it('still loads a checkpoint when what it came from fails now', async () => {
  await open().run(Pair, { names: ['a', 'b'] });
  await open().storage.delete(await open().key(Leaf, { name: 'b' }));
  broken.add('b');
  const { error, summary } = await outcomeOf(
    open().start([task(Pair, { names: ['b', 'c'] }), task(Pair, { names: ['a', 'b'] })], { onFailure: 'continue' }),
  );
  expect(error.errors).toHaveLength(1);
  expect(summary).toMatchObject({ loaded: 1, ran: 1, failed: 1, skipped: 1 });
});

it('skips what would have been loaded when its checkpoint is broken and what it needs has failed', async () => {
  await open().run(Pair, { names: ['a', 'b'] });
  await open().storage.delete(await open().key(Leaf, { name: 'b' }));
  const key = await open().key(Pair, { names: ['a', 'b'] });
  const entry = store.entries.get(key)!;
  entry[entry.length - 1]! ^= 1;
  broken.add('b');
  ran.length = 0;
  const { error, summary } = await outcomeOf(
    open().start([task(Pair, { names: ['b', 'c'] }), task(Pair, { names: ['a', 'b'] })], { onFailure: 'continue' }),
  );
  expect(error.errors).toHaveLength(1);
  expect([ran, summary.skipped]).toEqual([['c'], 2]);
});

const oddities: [string, unknown, RegExp][] = [
  ['undefined', undefined, /failed \(2 attempts\): undefined/],
  ['null', null, /failed \(2 attempts\): null/],
  ['a string', 'no luck', /failed \(2 attempts\): no luck/],
  ['a symbol', Symbol('odd'), /failed \(2 attempts\): Symbol\(odd\)/],
  ['a frozen object', Object.freeze({ code: 5 }), /failed \(2 attempts\): .*5/],
  ['an object without a prototype', Object.create(null), /failed \(2 attempts\): /],
  [
    'an object that cannot be shown',
    {
      get message() {
        throw new Error('no');
      },
    },
    /failed \(2 attempts\): /,
  ],
  ['a frozen Error', Object.freeze(new Error('cold')), /failed \(2 attempts\): cold/],
  ['an Error without a message', new RangeError(), /failed \(2 attempts\): RangeError/],
  ['an object with an odd message', { message: { toString: null } }, /failed \(2 attempts\): /],
];

@Task({ retries: 1 })
class Throws {
  @Param() which!: number;
  @Param() isLate!: boolean;
  run(): unknown {
    if (!this.isLate) throw oddities[this.which]![1];
    return Promise.reject(oddities[this.which]![1]);
  }
}

it.each(oddities.map(([what, thrown, message], which) => ({ what, thrown, message, which })))(
  'takes $what that is thrown',
  async ({ which, thrown, message }) => {
    for (const isLate of [false, true]) {
      const { error } = await outcomeOf(open().start(Throws, { which, isLate }));
      expect(error).toBeInstanceOf(RunFailedError);
      expect(error.errors[0].cause).toBe(thrown);
      expect([error.errors[0].attempts, error.message]).toEqual([2, expect.stringMatching(message)]);
    }
  },
);

@Task({ save: true })
class Unsavable {
  run(): unknown {
    return { list: [1, { onEnd: () => {} }] };
  }
}

it('fails with the path of what cannot be saved', async () => {
  const { error } = await outcomeOf(open().start(Unsavable));
  expect(error.errors[0].cause).toBeInstanceOf(UnsupportedValueError);
  expect(error.message).toContain('result.list[1].onEnd');
  expect(store.writes).toEqual([]);
});

@Task()
class Thenable {
  run(): PromiseLike<string> {
    return {
      // biome-ignore lint/suspicious/noThenProperty: what is only like a promise is what this is about
      then: (resolve: any) => void setTimeout(() => [resolve('value'), resolve('another')], 1),
    } as unknown as PromiseLike<string>;
  }
}

it('waits for what is only like a promise', async () => {
  const { result, summary } = await outcomeOf(open({ concurrency: 1 }).start([Thenable, task(Leaf, { name: 'a' })]));
  expect([result, summary.ran]).toEqual([['value', 'a'], 2]);
});

it('says that results are frozen to a task that would change one', async () => {
  @Task({ save: true })
  class Rows {
    run() {
      return [3, 1, 2];
    }
  }
  @Task()
  class Sorted {
    @Requires(Rows) rows!: number[];
    run() {
      return this.rows.sort();
    }
  }
  await expect(open().run(Sorted)).rejects.toThrow(
    /Sorted failed: Cannot assign to read only property '0'.* Results are frozen .*structuredClone/,
  );
});
