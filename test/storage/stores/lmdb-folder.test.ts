import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { LmdbStore } from '../../../src/storage/stores/lmdb/lmdb-store';
import { runChild } from '../../support/child';
import { temporaryFolder } from '../../support/temporary-folder';

const bytes = Uint8Array.of(1, 2, 3);
const base = temporaryFolder();
const folder = () => join(base.path, 'made', 'with.dot');

it('makes no folder before the first write', async () => {
  const store = new LmdbStore(folder());
  expect([store.get('Task/a'), store.has('Task/a'), await store.delete('Task/a'), [...store.keys()]]).toEqual([
    undefined,
    false,
    false,
    [],
  ]);
  await store.clear();
  await store.disconnect();
  expect(readdirSync(base.path)).toEqual([]);
});

it('makes a folder that git ignores, whatever its name', async () => {
  const store = new LmdbStore(folder());
  await store.set('Task/a', bytes);
  expect(readdirSync(folder()).sort()).toEqual(['.gitignore', 'data.mdb', 'lock.mdb']);
  expect(readFileSync(join(folder(), '.gitignore'), 'utf8')).toBe('*\n');
  await store.disconnect();
});

it('puts no .gitignore into an existing folder', async () => {
  mkdirSync(folder(), { recursive: true });
  const store = new LmdbStore(folder());
  await store.set('Task/a', bytes);
  expect(existsSync(join(folder(), '.gitignore'))).toBe(false);
  await store.disconnect();
});

it('is found by a store that was opened before it existed', async () => {
  const [first, second] = [new LmdbStore(folder()), new LmdbStore(folder())];
  expect(second.get('Task/a')).toBeUndefined();
  await first.set('Task/a', bytes);
  expect(second.get('Task/a')).toEqual(bytes);
  await first.disconnect();
  await second.set('Task/b', bytes);
  expect([...second.keys()]).toEqual(['Task/a', 'Task/b']);
  await second.disconnect();
});

it('waits for pending writes before it closes, and opens again at the next use', async () => {
  const store = new LmdbStore(folder());
  const writing = [
    store.set('Task/large', new Uint8Array(20_000_000)),
    store.set('Task/durable', bytes, undefined, { durable: true }),
    store.append('@cleared/Task', bytes),
  ];
  await store.disconnect();
  await Promise.all(writing);
  expect([...store.iterator()].map(([key, value]) => [key, value.length])).toEqual([
    ['@cleared/Task', 3],
    ['Task/durable', 3],
    ['Task/large', 20_000_000],
  ]);
  await store.disconnect();
});

it('lets a process end, and keeps its last write', async () => {
  expect(await runChild(join(__dirname, 'fixtures/lmdb-set-and-end.ts'), [folder()])).toBe(true);
  const store = new LmdbStore(folder());
  expect(store.get('Task/a')).toEqual(Uint8Array.of(1));
  await store.disconnect();
});

it('lists all keys with any prefix, in batches', async () => {
  const store = new LmdbStore(folder());
  const key = fc.string({ unit: fc.constantFrom(...'Aa0!~%/.@'), minLength: 1, maxLength: 6 });
  const property = fc.asyncProperty(fc.uniqueArray(key, { maxLength: 30 }), key, async (few, prefix) => {
    await store.clear();
    const many = Array.from({ length: 600 }, (_, i) => `${prefix}+${i}`);
    const keys = [...few, ...many];
    await Promise.all(keys.map((each) => store.set(each, bytes)));
    expect([...store.keys(prefix)].sort()).toEqual(keys.filter((each) => each.startsWith(prefix)).sort());
    expect([...store.keys()].length).toBe(keys.length);
  });
  await fc.assert(property, { numRuns: 30 });
  await store.disconnect();
});
