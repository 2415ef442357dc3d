import fs, { chmodSync, copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StorageError } from '../../../src/storage/errors';
import { lmdbError } from '../../../src/storage/stores/lmdb/lmdb-error';
import { LmdbStore } from '../../../src/storage/stores/lmdb/lmdb-store';
import { noise } from '../../support/noise';
import { temporaryFolder } from '../../support/temporary-folder';

const bytes = Uint8Array.of(1, 2, 3);
const NOBODY = 65_534;
const folder = temporaryFolder();
const open = () => new LmdbStore(folder.path);

async function failureOf(work: () => unknown): Promise<StorageError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
  throw new Error('did not fail');
}

/** The administrator may write everywhere, so the work is done as someone else. */
async function unprivileged<T>(work: () => Promise<T>): Promise<T> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

it('tells the remedy when the folder is not writable', async () => {
  chmodSync(folder.path, 0o555);
  const error = await unprivileged(() => failureOf(() => open().set('Task/a', bytes)));
  expect(error.message).toBe(
    `cannot write to ${folder.path} (Task/a): permission denied (EACCES). Make the folder readable and writable or choose another storage.`,
  );
  expect(error).toMatchObject({ operation: 'write', key: 'Task/a' });
});

it('does not report an unreadable entry as missing', async () => {
  chmodSync(folder.path, 0o000);
  const error = await unprivileged(() => failureOf(() => open().get('Task/a')));
  chmodSync(folder.path, 0o755);
  expect(error).toMatchObject({ operation: 'read', key: 'Task/a', message: expect.stringContaining('EACCES') });
});

it('refuses a folder that is a file', async () => {
  const file = join(folder.path, 'file');
  writeFileSync(file, '');
  for (const path of [file, join(file, 'below')]) {
    const inside = new LmdbStore(path);
    for (const work of [() => inside.set('Task/a', bytes), () => inside.get('Task/a'), () => [...inside.keys()]])
      expect((await failureOf(work)).message).toMatch(/ there is a file where a folder should be \(E(NOTDIR|EXIST)\)/);
  }
});

it.each<[string, (file: string) => void]>([
  ['something else', (file) => writeFileSync(file, noise(50_000))],
  ['a text', (file) => writeFileSync(file, 'hello')],
  ['cut to a part of a page', (file) => truncateSync(file, 4000)],
  ['cut to a page', (file) => truncateSync(file, 4096)],
  ['cut to two pages', (file) => truncateSync(file, 8192)],
])('refuses a data file that is %s, where LMDB would crash', async (_, damage) => {
  const store = open();
  for (let i = 0; i < 20; i++) await store.set(`Task/${i}`, noise(5000));
  await store.disconnect();
  damage(join(folder.path, 'data.mdb'));
  for (const work of [() => open().get('Task/1'), () => open().set('Task/1', bytes), () => [...open().keys()]]) {
    const { message } = await failureOf(work);
    expect(message).toMatch(/its data\.mdb is not an LMDB file, or is truncated \(MDB_INVALID\)\. Delete the folder/);
  }
});

it('reports a damaged data file', async () => {
  const store = open();
  await store.set('Task/a', bytes);
  await store.disconnect();
  const file = join(folder.path, 'data.mdb');
  const data = readFileSync(file);
  writeFileSync(file, data.fill(0, 8192));
  const { message } = await failureOf(() => open().get('Task/a'));
  expect(message).toMatch(/\(Task\/a\): the data file is damaged \(MDB_CORRUPTED\)\. Delete the folder/);
});

it('distinguishes a full disk from a broken one, unlike LMDB', () => {
  const cause = Object.assign(new Error('Input/output error'), { code: 5 });
  const messageWith = (free: number) => {
    const look = jest.spyOn(fs, 'statfsSync').mockReturnValue({ bavail: free / 4096, bsize: 4096 } as fs.StatsFs);
    const { message } = lmdbError(cause, 'write', folder.path, 'Task/a');
    look.mockRestore();
    return message;
  };
  expect(messageWith(4096)).toMatch(/^cannot write to .* \(Task\/a\): the disk is full \(ENOSPC\)\. Free some space/);
  expect(messageWith(2 ** 40)).toMatch(/: the disk reports an error \(EIO\)\. Check the disk/);
});

it('makes a database of an empty file', async () => {
  writeFileSync(join(folder.path, 'data.mdb'), '');
  const store = open();
  expect(store.get('Task/a')).toBeUndefined();
  await store.set('Task/a', bytes);
  expect(store.get('Task/a')).toEqual(bytes);
  await store.disconnect();
});

it('reads a copy of a data file', async () => {
  const store = open();
  await store.set('Task/a', bytes);
  await store.disconnect();
  mkdirSync(join(folder.path, 'copy'));
  copyFileSync(join(folder.path, 'data.mdb'), join(folder.path, 'copy/data.mdb'));
  const copy = new LmdbStore(join(folder.path, 'copy'));
  expect(copy.get('Task/a')).toEqual(bytes);
  await copy.disconnect();
});

it.each([
  ['empty', ''],
  ['with a zero', 'Task/a\0'],
  ['not in ASCII', 'Task/é'],
  ['with a space', 'Task/a b'],
  ['of 1,901 characters', `Task/${'a'.repeat(1896)}`],
])('refuses a key that is %s', async (_, key) => {
  const store = open();
  for (const work of [() => store.set(key, bytes), () => store.get(key), () => store.delete(key), () => store.has(key)])
    expect(await failureOf(work)).toMatchObject({ key, message: expect.stringContaining('cannot be kept in LMDB: ') });
});

it('names the package to install when lmdb is missing', async () => {
  jest.resetModules();
  jest.doMock('lmdb', () => {
    throw Object.assign(new Error("Cannot find module 'lmdb'"), { code: 'MODULE_NOT_FOUND' });
  });
  const { LmdbStore: Fresh } =
    require('../../../src/storage/stores/lmdb/lmdb-store') as typeof import('../../../src/storage/stores/lmdb/lmdb-store');
  const error = await new Fresh(folder.path).set('Task/a', bytes).catch((thrown: Error) => thrown);
  jest.dontMock('lmdb');
  expect((error as Error).name).toBe('StorageError');
  expect((error as Error).message).toContain('install it with `npm install lmdb`');
});
