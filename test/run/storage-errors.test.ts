import 'reflect-metadata';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Requires, RunFailedError, Runner, type RunnerOptions, StorageError, Task } from 'tidemark';
import { runChild } from '../support/child';
import { ObservedStore } from '../support/observed-store';
import { outcomeOf } from '../support/outcome';
import { temporaryFolder } from '../support/temporary-folder';

const folder = temporaryFolder();
let ran = 0;
let store: ObservedStore;
let warnings: string[];
const open = (options: RunnerOptions = {}) =>
  new Runner({ storage: store, onWarning: (message) => void warnings.push(message), ...options });
beforeEach(() => {
  [ran, store, warnings] = [0, new ObservedStore(), []];
});

@Task({ save: true })
class Base {
  run(): number {
    ran++;
    return 1;
  }
}

@Task({ save: true })
class Upper {
  @Requires(Base) base!: number;
  run(): number {
    ran++;
    return this.base + 1;
  }
}

const failing = {
  throws: (operation: string) => {
    throw new Error(`no ${operation} today`);
  },
  rejects: async (operation: string) => {
    throw new Error(`no ${operation} today`);
  },
};
const ways = (['get', 'set'] as const).flatMap((operation) =>
  (['throws', 'rejects'] as const).map((way) => [operation, way] as const),
);

it.each(ways)('ends the run when %s %s, and says what failed where', async (operation, way) => {
  store.before = (asked) => (asked === operation ? failing[way](asked) : undefined);
  const { error, summary, events } = await outcomeOf(open().start(Upper));
  expect(error).toBeInstanceOf(RunFailedError);
  expect(error.message).toMatch(
    new RegExp(
      `^cannot ${operation === 'get' ? 'read' : 'write'} .* in ObservedStore: no ${operation} today\\n.*Nothing is saved`,
    ),
  );
  expect(error.cause).toBeInstanceOf(StorageError);
  expect([error.errors, summary.storageErrors[0], events.at(-1)!.type]).toEqual([[], error.cause, 'run-finished']);
  expect(events.filter(({ type }) => type === 'storage-failed')).toHaveLength(summary.storageErrors.length);
  if (operation === 'get') expect([ran, store.writes]).toEqual([0, []]);
});

it.each(ways)("warns and computes when %s %s and it was told to ('compute')", async (operation, way) => {
  store.before = (asked) => (asked === operation ? failing[way](asked) : undefined);
  const { result, summary } = await outcomeOf(open({ onStorageError: 'compute' }).start(Upper));
  expect([result, ran, summary.saved, store.entries.size]).toEqual([2, 2, 0, 0]);
  expect(summary.storageErrors.length).toBeGreaterThan(0);
  expect(warnings).toEqual([expect.stringMatching(new RegExp(`no ${operation} today`))]);
  expect(summary.warnings).toEqual(warnings);
});

it('overwrites nothing that it could not read, once the storage is back', async () => {
  await open().run(Upper);
  const before = new Map(store.entries);
  let reads = 0;
  store.before = (operation, key) => {
    if (operation === 'get' && key.startsWith('Upper/') && reads++ === 0) throw new Error('away');
  };
  ran = 0;
  expect(await open({ onStorageError: 'compute' }).run(Upper)).toBe(2);
  expect([ran, [...store.entries]]).toEqual([1, [...before]]);
});

it.each([
  ['text', 'tidemark1 as text'],
  ['an object', { type: 'Buffer', data: [1, 2] }],
  ['a number', 5],
])('refuses a store that gives %s for bytes', async (_, value) => {
  await open().run(Upper);
  for (const key of store.ofResults) store.entries.set(key, value as never);
  const { error } = await outcomeOf(open().start(Upper));
  expect(error.message).toMatch(/ObservedStore gave an? (string|object|number) where bytes were saved \(Upper\/\w+\)/);
});

it('reports that a damaged checkpoint could not be set aside, and goes on', async () => {
  await open().run(Base);
  const [key] = store.ofResults;
  store.entries.set(key!, Buffer.from('broken'));
  store.before = (operation, name) => {
    if (operation === 'set' && name.startsWith('@damaged')) throw new Error('no room');
  };
  const { result, summary } = await outcomeOf(open().start(Base));
  expect([result, summary.saved, summary.storageErrors.map(({ message }) => message)]).toEqual([
    1,
    1,
    [expect.stringMatching(/is damaged/), expect.stringMatching(/no room/)],
  ]);
});

it('says so when its folder cannot be one', async () => {
  writeFileSync(join(folder.path, 'file'), '');
  const storage = `file:${folder.path}/file/below`;
  const { error, summary } = await outcomeOf(new Runner({ storage }).start(Upper));
  expect([error.message, summary.storageErrors.length, ran]).toEqual([
    expect.stringMatching(/file where a folder should be/),
    1,
    0,
  ]);
  expect(await open({ storage, onStorageError: 'compute' }).run(Upper)).toBe(2);
  expect(warnings).toHaveLength(1);
});

it('keeps results in .tidemark, which git ignores, when nothing is said', async () => {
  const [first, second] = [
    await runChild<object>(join(__dirname, 'fixtures/default-storage.ts'), [], { cwd: folder.path }),
    await runChild<object>(join(__dirname, 'fixtures/default-storage.ts'), [], { cwd: folder.path }),
  ];
  expect([first, second]).toEqual([
    { result: 5, ran: 1, loaded: 0 },
    { result: 5, ran: 0, loaded: 1 },
  ]);
  expect(readFileSync(join(folder.path, '.tidemark/.gitignore'), 'utf8')).toBe('*\n');
  expect(readdirSync(join(folder.path, '.tidemark/Five'))).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
});

it('touches no storage when nothing is saved, or nothing runs', async () => {
  expect(await runChild(join(__dirname, 'fixtures/default-storage.ts'), ['unsaved'], { cwd: folder.path })).toEqual({
    result: 6,
    ran: 1,
    loaded: 0,
  });
  expect(existsSync(join(folder.path, '.tidemark'))).toBe(false);
});
