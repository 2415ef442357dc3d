import 'reflect-metadata';
import fc from 'fast-check';
import { Param, Requires, Runner, Storage, Task, task } from 'tidemark';
import { ObservedStore } from '../support/observed-store';
import { outcomeOf } from '../support/outcome';
import { describeWithRedis } from '../support/redis-server';

/** What is outside of the tasks, and changes only together with a clear. */
let outside: number[];

@Task({ save: true })
class Source {
  @Param() n!: number;
  run(): number {
    return outside[this.n]!;
  }
}

@Task({ save: true })
class Derived {
  @Param() n!: number;
  @Requires(({ n }: Derived) => task(Source, { n })) source!: number;
  run(): string {
    return `from ${this.source}`;
  }
}

beforeEach(() => void (outside = [0, 0, 0]));

const runnerOf = (storage: Storage) => new Runner({ storage, onWarning: () => {} });

async function changeAndClear(storage: Storage, n: number | undefined): Promise<void> {
  for (const i of outside.keys()) if (n === undefined || n === i) outside[i]!++;
  const runner = runnerOf(storage);
  await (n === undefined ? runner.clear(Source) : runner.clear(Source, { n }));
}

const keys = (store: ObservedStore) => [...store.entries.keys()];

it.each<[string, (key: string) => boolean]>([
  ['the mark', (key) => key === '@cleared/Source'],
  ['all marks', (key) => key.startsWith('@cleared/') && !key.endsWith('@epoch')],
  ['the log of all logs', (key) => key === '@cleared/@epoch'],
  ['all but the result', (key) => !key.startsWith('Derived/')],
])('does not bring back what was cleared when a store evicts %s', async (_, isEvicted) => {
  for (const one of [0, undefined]) {
    const store = new ObservedStore();
    const storage = Storage.open(store);
    const run = async () => await outcomeOf(runnerOf(storage).start(Derived, { n: 0 }));
    await run();
    await changeAndClear(storage, one);
    for (const key of keys(store).filter(isEvicted)) store.entries.delete(key);
    expect((await run()).result).toBe(`from ${outside[0]}`);
    expect((await run()).summary).toMatchObject({ loaded: 1, ran: 0 });
  }
});

it('does not bring back a result in a nearer storage when the shared one evicts its clear mark', async () => {
  const [near, shared] = [new ObservedStore(), new ObservedStore()];
  const chain = () => Storage.chain(Storage.open(near), Storage.open(shared), { promote: true, write: 'all' });
  await runnerOf(chain()).run(Derived, { n: 0 });
  await changeAndClear(Storage.open(shared), 0);
  for (const key of keys(shared)) if (key.startsWith('@')) shared.entries.delete(key);
  const storage = Storage.chain(Storage.open(near), Storage.open(shared), { write: 'all' });
  expect(await runnerOf(storage).run(Derived, { n: 0 })).toBe('from 0');
});

type Step =
  | { readonly do: 'run' | 'clear'; readonly n: number; readonly at: number }
  | { readonly do: 'clear-all'; readonly at: number }
  | { readonly do: 'evict'; readonly store: number; readonly which: readonly number[]; readonly all: boolean };
const at = fc.nat(2);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('run' as const, 'clear' as const), n: at, at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear-all' as const), at }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('evict' as const),
      store: fc.nat(1),
      which: fc.array(fc.nat(30), { maxLength: 4 }),
      all: fc.boolean(),
    }),
  },
);

it('loads no cleared result, whatever entries of one or two stores are evicted', async () => {
  const play = async (steps: readonly Step[]) => {
    outside = [0, 0, 0];
    const stores = [new ObservedStore(), new ObservedStore()] as const;
    const [near, far] = stores.map((store) => Storage.open(store)) as [Storage, Storage];
    const storages = [near, far, Storage.chain(near, far, { write: 'all', promote: true })] as const;
    for (const one of steps) {
      if (one.do === 'evict') {
        const { entries } = stores[one.store]!;
        const all = [...entries.keys()];
        const gone = one.all ? all.filter((key) => key.startsWith('@')) : one.which.map((i) => all[i % all.length]!);
        for (const key of gone) entries.delete(key);
      } else if (one.do === 'run') {
        const { result } = await outcomeOf(runnerOf(storages[one.at]!).start(Derived, { n: one.n }));
        // What was cleared in a storage that is not looked into is not known there.
        if (one.at === 2) expect(result).toBe(`from ${outside[one.n]}`);
      } else {
        await changeAndClear(storages[2], one.do === 'clear' ? one.n : undefined);
      }
    }
  };
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 16 }), play), { numRuns: 300 });
});

describeWithRedis('with a redis-server', (server) => {
  it('does not bring back a cleared result when the server evicts the marks', async () => {
    const storage = Storage.open(server.uri());
    const runner = runnerOf(storage);
    expect(await runner.run(Derived, { n: 0 })).toBe('from 0');
    await changeAndClear(storage, 0);
    const marks = (await server.cli('KEYS', '*@cleared/*')).trim().split('\n');
    await server.cli('DEL', ...marks);
    expect(await runner.run(Derived, { n: 0 })).toBe('from 1');
    await storage.close();
  });
});
