import 'reflect-metadata';
import { Runner, task } from 'tidemark';
import { ObservedStore } from '../support/observed-store';
import { Left, Right, reset, Source, Top, whatRan } from './fixtures/diamond';

let store: ObservedStore;
let runner: Runner;
beforeEach(() => {
  reset();
  store = new ObservedStore();
  runner = new Runner({ storage: store });
});

async function planned(): Promise<Record<string, string>> {
  const { nodes } = await runner.plan(Top);
  return Object.fromEntries(nodes.map((node) => [node.task, node.action === 'run' ? node.why : node.action]));
}

it('runs, saves and marks nothing', async () => {
  const { toRun, toLoad, nodes } = await runner.plan(Top);
  expect([toRun, toLoad, whatRan(), store.writes]).toEqual([5, 0, [], []]);
  expect(nodes.map((node) => node.task)).toEqual(['Source', 'Middle', 'Left', 'Right', 'Top']);
  expect(nodes[4]).toEqual({
    key: await runner.key(Top),
    task: 'Top',
    params: { name: 'a', factor: 1, label: 'plain' },
    requires: [nodes[2]!.key, nodes[3]!.key],
    action: 'run',
    why: 'there is no checkpoint',
  });
});

it('says what would be loaded, what would run and why, and what would not be needed', async () => {
  await runner.run(Top);
  expect(await planned()).toEqual({
    Source: 'not-needed',
    Middle: 'not-needed',
    Left: 'not-needed',
    Right: 'not-needed',
    Top: 'load',
  });
  await runner.clear(Left, {});
  const cleared = 'it, or something that it came from, was cleared';
  expect(await planned()).toEqual({
    Source: 'load',
    Middle: 'it is not saved',
    Left: 'there is no checkpoint',
    Right: 'load',
    Top: cleared,
  });
  await runner.run(Top);
  await runner.storage.delete(await runner.key(Source));
  await runner.storage.delete(await runner.key(Top));
  expect(await planned()).toEqual({
    Source: 'not-needed',
    Middle: 'not-needed',
    Left: 'load',
    Right: 'load',
    Top: 'there is no checkpoint',
  });
});

it('foresees what the run then does', async () => {
  await runner.run([task(Top), task(Top, { name: 'b' })]);
  await runner.clear(Right, {});
  const { toRun, toLoad } = await runner.plan([task(Top), task(Top, { name: 'b' })]);
  const run = runner.start([task(Top), task(Top, { name: 'b' })]);
  expect(await run.summary).toMatchObject({ ran: toRun, loaded: toLoad });
});

it('says why a checkpoint cannot be used', async () => {
  await runner.run(Top);
  const key = await runner.key(Top);
  store.entries.set(key, store.entries.get(key)!.slice(0, 60));
  expect((await planned())['Top']).toMatch(/^the checkpoint Top\/\w+ is damaged: its record is cut short$/);
  expect(store.entries.has(key)).toBe(true);
});
