import 'reflect-metadata';
import { join } from 'node:path';
import { Requires, Runner, Task, task } from 'tidemark';
import { Child } from '../support/child';
import { collect } from '../support/collect';
import { ObservedStore } from '../support/observed-store';
import { outcomeOf } from '../support/outcome';
import { Signal } from '../support/signal';
import { temporaryFolder } from '../support/temporary-folder';
import { Choose, ran } from './fixtures/choose';
import { Left, outside, Right, reset, Source, Top, whatRan } from './fixtures/diamond';

const folder = temporaryFolder();
const marksOf = (store: ObservedStore, task: string) => store.entries.get(`@cleared/${task}`)!;
let store: ObservedStore;
let runner: Runner;
const open = () => new Runner({ storage: store, onWarning: () => {} });

beforeEach(() => {
  reset();
  ran.length = 0;
  store = new ObservedStore();
  runner = open();
});

it('forgets a result and what came from it: 4 tasks of Choose(6,3)', async () => {
  expect(await runner.run(Choose, { n: 6, k: 3 })).toBe(20);
  ran.length = 0;
  expect(await runner.clear(Choose, { n: 3, k: 3 })).toEqual([await runner.key(Choose, { n: 3, k: 3 })]);
  expect((await runner.plan(Choose, { n: 6, k: 3 })).toRun).toBe(4);
  expect(await runner.run(Choose, { n: 6, k: 3 })).toBe(20);
  expect(ran).toEqual(['3,3', '4,3', '5,3', '6,3']);
  ran.length = 0;
  await runner.run(Choose, { n: 6, k: 3 });
  expect(ran).toEqual([]);
});

it('forgets through tasks that are not saved, and nothing beside them', async () => {
  await runner.run(Top);
  whatRan();
  await runner.clear(Source);
  await runner.run(Top);
  expect(whatRan()).toEqual(['Left', 'Middle', 'Right', 'Source', 'Top']);
  await runner.clear(Left);
  await runner.run(Top);
  expect(whatRan()).toEqual(['Left', 'Middle', 'Top']);
});

it('forgets what came from a task that is not saved', async () => {
  const { Middle } = require('./fixtures/diamond') as typeof import('./fixtures/diamond');
  await runner.run(Top);
  whatRan();
  expect(await runner.clear(Middle, { name: 'a' })).toEqual([]);
  await runner.run(Top);
  expect(whatRan()).toEqual(['Left', 'Middle', 'Top']);
});

it('forgets all results of a task, and only those of the params that were said', async () => {
  for (const name of ['a', 'b']) await runner.run(Top, { name });
  whatRan();
  await runner.clear(task(Right, { name: 'a' }));
  for (const name of ['a', 'b']) await runner.run(Top, { name });
  expect(whatRan()).toEqual(['Right', 'Top']);
  const cleared = await runner.clear(Right);
  expect(cleared).toHaveLength(2);
  expect(await collect(runner.storage.list({ task: Right }))).toEqual([]);
  for (const name of ['a', 'b']) await runner.run(Top, { name });
  expect(whatRan()).toEqual(['Right', 'Right', 'Top', 'Top']);
});

it('clears several at once', async () => {
  await runner.run(Top);
  whatRan();
  expect(await runner.clear([Left, task(Right)])).toHaveLength(2);
  await runner.run(Top);
  expect(whatRan()).toEqual(['Left', 'Middle', 'Right', 'Top']);
});

it('clears what is not there, and clears twice', async () => {
  expect(await runner.clear(Top)).toEqual([]);
  expect(await runner.clear(Top, { name: 'never' })).toEqual([]);
  await runner.run(Top);
  for (let i = 0; i < 2; i++) {
    await runner.clear(Right, {});
    await runner.clear(Right, {});
    whatRan();
    await runner.run(Top);
    expect(whatRan()).toEqual(['Right', 'Top']);
  }
});

it('keeps what came from a result of which just the bytes were deleted', async () => {
  await runner.run(Top);
  whatRan();
  expect(await runner.storage.delete(await runner.key(Right))).toBe(true);
  expect(await runner.storage.delete(await runner.key(Right))).toBe(false);
  await runner.run(Top);
  expect(whatRan()).toEqual([]);
});

const begun = new Signal();
const goOn = new Signal();

@Task({ save: true })
class Late {
  @Requires(Source) source!: { text: string };
  async run(): Promise<string> {
    whatRan();
    begun.fire();
    await goOn.promise;
    return this.source.text;
  }
}

it('does not count a result that was being computed from one that is cleared meanwhile', async () => {
  await runner.run(Source);
  const late = outcomeOf(runner.start(Late));
  await begun.promise;
  await open().clear(Source);
  goOn.fire();
  expect((await late).summary.saved).toBe(1);
  const { summary } = await outcomeOf(open().start(Late));
  expect(summary).toMatchObject({ ran: 2, loaded: 0 });
});

it('forgets in another process', async () => {
  const own = new Runner({ storage: `file:${folder.path}/store` });
  await own.run(Choose, { n: 6, k: 3 });
  const { code } = await new Child(join(__dirname, 'fixtures/clear-choose.ts'), [`file:${folder.path}/store`, '3', '3'])
    .ended;
  expect(code).toBe(0);
  ran.length = 0;
  expect(await own.run(Choose, { n: 6, k: 3 })).toBe(20);
  expect(ran).toHaveLength(4);
});

it('loses no mark when many processes clear at once', async () => {
  const storage = `file:${folder.path}/store`;
  const own = new Runner({ storage });
  await own.run(Choose, { n: 8, k: 4 });
  const cleared = [
    [4, 1],
    [4, 2],
    [4, 3],
    [3, 1],
    [3, 2],
    [2, 1],
  ].map(String);
  const children = cleared.map(
    (pair) => new Child(join(__dirname, 'fixtures/clear-choose.ts'), [storage, ...pair.split(',')]),
  );
  await Promise.all(children.map(({ ended }) => ended));
  ran.length = 0;
  await own.run(Choose, { n: 8, k: 4 });
  expect(ran).toEqual(expect.arrayContaining(cleared));
});

it('takes a mark that cannot be read for one on everything of the task', async () => {
  await runner.run(Choose, { n: 6, k: 3 });
  await runner.clear(Choose, { n: 3, k: 3 });
  await runner.run(Choose, { n: 6, k: 3 });
  const log = marksOf(store, 'Choose');
  for (let at = 0; at < log.length; at++) {
    store.entries.set(
      '@cleared/Choose',
      log.map((byte, i) => (i === at ? byte ^ 0x11 : byte)),
    );
    const { toRun } = await open().plan(Choose, { n: 6, k: 3 });
    // What stands between marks may change; nothing else may go unnoticed.
    expect([at, toRun]).toEqual([at, log[at] === 0x0a && toRun === 0 ? 0 : 15]);
  }
  store.entries.set('@cleared/Choose', log.slice(0, -5));
  await runner.run(Choose, { n: 6, k: 3 });
  await runner.clear(Choose, { n: 3, k: 3 });
  expect((await open().plan(Choose, { n: 6, k: 3 })).toRun).toBe(4);
});

it('marks before it deletes, so that nothing that came from it can count meanwhile', async () => {
  await runner.run(Top);
  const order: string[] = [];
  store.before = (operation, key) => void (operation !== 'get' && order.push(`${operation} ${key.split('/', 1)}`));
  await runner.clear(Right, {});
  expect(order).toEqual(['set @cleared', 'set @cleared', 'delete Right']);
  store.before = (operation) => {
    if (operation === 'set') throw new Error('read-only');
  };
  await expect(runner.clear(Left)).rejects.toThrow('read-only');
  expect(await runner.storage.has(await runner.key(Left))).toBe(true);
});

it('keeps its mark although another process overwrites it', async () => {
  await runner.run(Top);
  let overwrites = 2;
  store.before = async (operation, key) => {
    // The other process has read the marks before ours were there.
    if (operation === 'get' && key === '@cleared/Right' && overwrites-- > 0) store.entries.set(key, new Uint8Array());
  };
  await runner.clear(Right);
  store.before = () => {};
  whatRan();
  outside.text = 'one';
  await runner.run(Top);
  expect(whatRan()).toEqual(['Right', 'Top']);
});
