import fs, { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StorageError } from '../../../src/storage/errors';
import { FileStore } from '../../../src/storage/stores/file/file-store';

const bytes = Uint8Array.of(1, 2, 3);
const NOBODY = 65_534;
let folder: string;
let store: FileStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-'));
  store = new FileStore(folder);
});
afterEach(async () => {
  chmodSync(folder, 0o755);
  await store.disconnect();
  rmSync(folder, { recursive: true });
});

/** The administrator may write everywhere, so the work is done as someone else. */
function unprivileged<T>(work: () => T): T {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    return work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

function failureOf(work: () => unknown): StorageError {
  try {
    work();
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
  throw new Error('did not fail');
}

it('tells the remedy when the folder is not writable', () => {
  chmodSync(folder, 0o555);
  const error = unprivileged(() => failureOf(() => store.set('Task/a', bytes)));
  expect(error.message).toBe(
    `cannot write to ${folder} (Task/a): permission denied (EACCES). Make the folder readable and writable or choose another storage.`,
  );
  expect(error).toMatchObject({ operation: 'write', key: 'Task/a', cause: { code: 'EACCES' } });
});

const inLinux = process.platform === 'linux' ? it : it.skip;
inLinux('says so where no folder can be made although its parent is there', () => {
  const error = failureOf(() => new FileStore('/proc/tidemark/deep').set('Task/a', bytes));
  expect(error.message).toMatch(/^cannot write to \/proc\/tidemark\/deep \(Task\/a\): the folder cannot be made there/);
});

it('does not report an unreadable entry as missing', () => {
  store.set('Task/a', bytes);
  chmodSync(join(folder, 'Task'), 0o000);
  chmodSync(folder, 0o755);
  const later = new FileStore(folder);
  const error = unprivileged(() => failureOf(() => later.get('Task/b')));
  expect(error).toMatchObject({ operation: 'read', key: 'Task/b', cause: { code: 'EACCES' } });
});

it('refuses a folder that is a file', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  for (const path of [file, join(file, 'below')]) {
    const inside = new FileStore(path);
    expect(failureOf(() => inside.set('Task/a', bytes)).message).toMatch(/file where a folder should be/);
    expect(failureOf(() => inside.get('Task/a')).message).toMatch(/^cannot read from .*file where a folder should be/);
    await expect(inside.keys().next()).rejects.toThrow(/^cannot list /);
  }
});

it('throws the problem of a single entry', async () => {
  mkdirSync(join(folder, 'Task', 'a'), { recursive: true });
  expect(failureOf(() => store.get('Task/a')).message).toMatch(/folder where a file should be \(EISDIR\)/);
  expect(failureOf(() => store.set('Task/a', bytes)).message).toMatch(/EISDIR/);
  expect(store.has('Task/a')).toBe(false);
});

it('leaves no temporary file behind when a write fails', async () => {
  mkdirSync(join(folder, 'Task', 'a'), { recursive: true });
  expect(() => store.set('Task/a', bytes)).toThrow(StorageError);
  await expect(store.set('Task/a', new Uint8Array(100_000))).rejects.toThrow(StorageError);
  const full = jest.spyOn(fs, 'writeSync').mockImplementation(() => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  });
  expect(() => store.set('Task/b', bytes)).toThrow(/the disk is full \(ENOSPC\)\. Free some space/);
  full.mockRestore();
  expect(readdirSync(join(folder, '.tmp'))).toEqual([]);
  expect(store.get('Task/b')).toBeUndefined();
});

it.each([
  '../a',
  'Task/..',
  'Task/../a',
  './a',
  '/etc/passwd',
  'Task/',
  'Task//a',
  'Task',
  '',
  'a/b/c/d',
  'Task/a\0',
  'Task\\..\\a',
  'C:/a',
  'Task/a+b',
  'Task/é',
  'Task/a\n',
  `Task/${'a'.repeat(201)}`,
])('refuses the key %j', async (key) => {
  for (const work of [
    () => store.set(key, bytes),
    () => store.get(key),
    () => store.delete(key),
    () => store.has(key),
  ]) {
    expect(failureOf(work)).toMatchObject({ key, message: expect.stringContaining('cannot be kept as a file: ') });
  }
  expect(readdirSync(folder)).toEqual([]);
});
