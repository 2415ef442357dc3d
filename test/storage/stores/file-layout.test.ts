import fs, { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileStore } from '../../../src/storage/stores/file/file-store';

const bytes = Uint8Array.of(1, 2, 3);
let base: string;
let folder: string;
let store: FileStore;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'tidemark-'));
  folder = join(base, 'made', '.tidemark');
  store = new FileStore(folder);
});
afterEach(async () => {
  await store.disconnect();
  rmSync(base, { recursive: true });
});

async function listed(from = store): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of from.keys()) keys.push(key);
  return keys.sort();
}

it('makes no folder before the first write', async () => {
  expect(store.get('Choose/0f3a')).toBeUndefined();
  expect(store.delete('Choose/0f3a')).toBe(false);
  expect(await listed()).toEqual([]);
  expect(readdirSync(base)).toEqual([]);
});

it('keeps a value in a file named by its key, in a folder that git ignores', () => {
  store.set('Choose/0f3a', bytes);
  expect([...readFileSync(join(folder, 'Choose', '0f3a'))]).toEqual([1, 2, 3]);
  expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toBe('*\n');
});

it('puts no .gitignore into an existing folder', () => {
  mkdirSync(folder, { recursive: true });
  store.set('Choose/0f3a', bytes);
  expect(readdirSync(folder).sort()).toEqual(['.tmp', 'Choose']);
});

it('writes and reads small values synchronously, large ones asynchronously', async () => {
  const [small, large] = [new Uint8Array(65_536), new Uint8Array(65_537)];
  expect(store.set('Choose/small', small)).toBe(true);
  expect(store.get('Choose/small')).toEqual(small);
  const writing = store.set('Choose/large', large);
  expect(writing).toBeInstanceOf(Promise);
  await writing;
  expect(store.get('Choose/large')).toBeInstanceOf(Promise);
});

it('uses names that differ on a case-insensitive disk', async () => {
  const keys = ['Choose/a', 'Choose/A', 'choose/a', 'CHOOSE/a', '@damaged/Choose/a', '@damaged/choose/a'];
  for (const key of keys) store.set(key, bytes);
  for (const at of [folder, join(folder, 'Choose'), join(folder, '@damaged')]) {
    const names = readdirSync(at).map((name) => name.toLowerCase());
    expect(new Set(names).size).toBe(names.length);
  }
  expect(readdirSync(folder)).toContain('Choose');
  expect(await listed()).toEqual(keys.sort());
});

it('finds the files of an earlier run beside a folder whose name differs in case', async () => {
  for (const key of ['Choose/a', 'choose/a']) store.set(key, bytes);
  const later = new FileStore(folder);
  rmSync(join(folder, 'Choose'), { recursive: true });
  expect([later.get('choose/a'), later.get('Choose/a')]).toEqual([bytes, undefined]);
  expect(await listed(later)).toEqual(['choose/a']);
});

it("neither lists nor clears what is not its own, such as a task's directory", async () => {
  store.set('Choose/0f3a', bytes);
  store.set('Other/0f3a', bytes);
  mkdirSync(join(folder, 'Choose/0f3a.d/nonce'), { recursive: true });
  const theirs = ['notes.txt', 'Choose/0f3a.d/nonce/out.csv', 'Choose/.DS_Store', 'Choose/Notes', 'Choose/a+b'];
  for (const file of theirs) writeFileSync(join(folder, file), 'theirs');
  expect(await listed()).toEqual(['Choose/0f3a', 'Other/0f3a']);
  await store.clear();
  expect(theirs.filter((file) => existsSync(join(folder, file)))).toEqual(theirs);
  expect(readdirSync(folder).sort()).toEqual(['.gitignore', '.tmp', 'Choose', 'notes.txt']);
});

it('flushes file and folders of durable values only', async () => {
  const flushes = jest.spyOn(fs, 'fsync');
  const durable = { durable: true };
  const during = async (work: unknown): Promise<number> => {
    await work;
    return flushes.mock.calls.splice(0).length;
  };
  expect(await during(store.set('Choose/a', bytes))).toBe(0);
  expect(await during(store.set('Choose/large', new Uint8Array(100_000)))).toBe(0);
  // The file, its folder, and once those above it: .tidemark, made, and where that is.
  expect(await during(store.set('Choose/a', bytes, undefined, durable))).toBe(5);
  expect(await during(store.set('Choose/b', bytes, undefined, durable))).toBe(2);
  expect(await during(store.set('Choose/c', new Uint8Array(100_000), undefined, durable))).toBe(2);
  expect(await during(store.append('Choose/d', bytes))).toBe(2);
  flushes.mockRestore();
});
