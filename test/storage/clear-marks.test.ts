import { Storage } from 'tidemark';
import { KnownMarks } from '../../src/storage/marks/known-marks';
import { ObservedStore } from '../support/observed-store';

const task = 'Example';

/** The marks that a run sees on results called so. */
async function seen(storage: Storage, ...names: string[]): Promise<string[][]> {
  const known = new KnownMarks(storage.stack.all);
  await known.read([task]);
  await known.forTask(task).load(names);
  return names.map((name) => [...known.forTask(task).marksOn(name)].sort());
}

async function isEmpty(storage: Storage): Promise<boolean> {
  const known = new KnownMarks(storage.stack.all);
  await known.read([task]);
  return known.forTask(task).isEmpty;
}

let store: ObservedStore;
let storage: Storage;
beforeEach(() => {
  store = new ObservedStore();
  storage = Storage.open(store);
});
const clear = (name?: string) => storage.stack.mark(task, name);
const logs = () => [...store.entries.keys()].filter((key) => key.startsWith('@cleared/'));
/** Whether who has seen these has seen all that there are now. */
const covers = (before: readonly string[], now: readonly string[]) => now.every((mark) => before.includes(mark));

it('reads the last mark on each result, and on all results', async () => {
  for (const name of ['a', 'b', 'a']) await clear(name);
  const [a, b, c] = (await seen(storage, 'a', 'b', 'c')) as [string[], string[], string[]];
  expect([b.length, c, a.some((mark) => b.includes(mark))]).toEqual([1, [], false]);
  await clear();
  const [all, same] = await seen(storage, 'a', 'c');
  expect([all!.length, all]).toEqual([1, same]);
  await clear('b');
  expect((await seen(storage, 'b', 'a'))[0]).not.toEqual(all);
});

it('is empty before anything is cleared', async () => {
  expect([await isEmpty(storage), await seen(storage, 'a')]).toEqual([true, [[]]]);
  await storage.stack.mark('Other');
  expect([await isEmpty(storage), await seen(storage, 'a')]).toEqual([true, [[]]]);
});

it('makes a new mark each time a result is cleared', async () => {
  const all = new Set<string>();
  for (let i = 0; i < 300; i++) {
    await clear('a');
    const [now] = await seen(storage, 'a');
    expect(covers([...all], now!)).toBe(false);
    for (const mark of now!) all.add(mark);
  }
  // One line in the log of the task, and one of its own that is replaced.
  expect(logs()).toHaveLength(3);
  expect([...store.entries.values()].reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThan(5_000);
});

it('spreads many marks over logs, and reads only the logs that it needs', async () => {
  const names = Array.from({ length: 1_200 }, (_, i) => `n${i}`);
  for (const name of names) await clear(name);
  expect(Math.max(...[...store.entries.values()].map(({ byteLength }) => byteLength))).toBeLessThan(8_000);
  store.reads.length = 0;
  const [one, none] = await seen(storage, 'n7', 'other');
  expect([one!.length, none, store.reads.length <= 8]).toEqual([1, [], true]);
  store.reads.length = 0;
  expect(new Set((await seen(storage, ...names)).flat()).size).toBe(1_200);
  expect(store.reads.length).toBe(new Set(store.reads).size);
  await clear();
  expect([logs().length, (await seen(storage, 'n7', 'n8')).flat().length]).toEqual([2, 2]);
});

it('makes earlier records stale when any log is evicted', async () => {
  for (let i = 0; i < 200; i++) await clear(`n${i % 100}`);
  const names = Array.from({ length: 100 }, (_, i) => `n${i}`);
  const whole = new Map(store.entries);
  const [before] = [await seen(storage, ...names)];
  for (const gone of logs().filter((key) => !key.endsWith('@epoch'))) {
    store.entries.delete(gone);
    const now = await seen(storage, ...names);
    const lost = names.filter((_, i) => !covers(now[i]!, before[i]!));
    expect([gone, lost.length > 0]).toEqual([gone, true]);
    for (const name of lost)
      expect([gone, name, covers(before[names.indexOf(name)]!, now[names.indexOf(name)]!)]).toEqual([
        gone,
        name,
        false,
      ]);
    // Another clear makes the log anew: what was lost stays lost.
    for (const name of lost) await clear(name);
    await clear('other');
    const later = await seen(storage, ...lost);
    for (const [i, name] of lost.entries()) {
      const at = names.indexOf(name);
      expect([gone, name, covers(before[at]!, later[i]!), covers(now[at]!, later[i]!)]).toEqual([
        gone,
        name,
        false,
        false,
      ]);
    }
    for (const key of logs()) store.entries.delete(key);
    for (const [key, bytes] of whole) store.entries.set(key, bytes);
  }
});

it('takes a line that it cannot read for a mark on everything, and reads the lines behind it', async () => {
  await clear('a');
  await clear('b');
  const key = `@cleared/${task}`;
  const good = store.entries.get(key)!;
  const [a, b] = (await seen(storage, 'a', 'b')) as [string[], string[]];
  const check = async (bytes: Uint8Array) => {
    store.entries.set(key, bytes);
    const [nowA, nowB, other] = (await seen(storage, 'a', 'b', 'other')) as [string[], string[], string[]];
    const isUnharmed = `${nowA}` === `${a}` && `${nowB}` === `${b}`;
    return isUnharmed || other.length > 0;
  };
  // What ends with a whole line is whole.
  for (const length of good.keys())
    if (good[length - 1] !== 0x0a && good[length] !== 0x0a)
      expect([length, await check(good.slice(0, length))]).toEqual([length, true]);
  for (let at = 0; at < good.length; at++)
    for (const flip of [1, 0x20, 0xff])
      expect([at, flip, await check(good.map((byte, i) => (i === at ? byte ^ flip : byte)))]).toEqual([at, flip, true]);
});

describe('in a chain', () => {
  const open = () => [Storage.open(new Map()), Storage.open(new Map())] as const;
  const on = async (one: Storage) => (await seen(one, 'a'))[0]!;

  it('drops a mark whose clear reached a later store afterwards', async () => {
    const [near, far] = open();
    const chain = Storage.chain(near, far);
    await chain.stack.mark(task, 'a');
    expect([await on(chain), (await on(near)) === (await on(far))]).toEqual([await on(far), false]);
    for (const name of ['a', undefined, 'a']) {
      await far.stack.mark(task, name);
      expect(await on(chain)).toEqual(await on(far));
    }
    await near.stack.mark(task, 'a');
    expect(await on(chain)).toEqual([...(await on(near)), ...(await on(far))].sort());
  });

  it('keeps both marks of two clears that reached one store each', async () => {
    const [near, far] = open();
    await near.stack.mark(task, 'a');
    const seenNear = await on(near);
    await far.stack.mark(task);
    const chain = Storage.chain(near, far);
    expect(await on(chain)).toEqual([...seenNear, ...(await on(far))].sort());
  });
});
