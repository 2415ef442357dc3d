import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Storage } from 'tidemark';
import { LmdbStore } from '../../../src/storage/stores/lmdb/lmdb-store';
import { tidemark } from '../../cli/support/cli';
import { saveIn } from '../../support/checkpoint';
import { runChild } from '../../support/child';
import { temporaryFolder } from '../../support/temporary-folder';

const fixture = join(__dirname, 'fixtures/lmdb-try.ts');
const folder = temporaryFolder();
const lock = () => join(folder.path, 'lock.mdb');

async function filled(): Promise<void> {
  const store = new LmdbStore(folder.path);
  await store.set('Task/a', Uint8Array.of(1));
  await store.disconnect();
}

describe('a lock file that cannot be opened ends no process', () => {
  it.each<[string, () => void, RegExp]>([
    ['a folder', () => mkdirSync(lock()), /its lock\.mdb is not a file \(MDB_LOCK\)\. Move lock\.mdb away/],
    ['a pipe', () => execFileSync('mkfifo', [lock()]), /\(MDB_LOCK\)\. Move lock\.mdb away/],
    ['a link to nothing', () => symlinkSync('/nonexistent/lock', lock()), /\(ENOENT\)\. Move lock\.mdb away/],
    ['a link to itself', () => symlinkSync('lock.mdb', lock()), /\(ELOOP\)\. Move lock\.mdb away/],
  ])('when it is %s', async (_, make, message) => {
    await filled();
    rmSync(lock());
    make();
    const said = await runChild<string[]>(fixture, [folder.path]);
    expect(said).toEqual([
      expect.stringMatching(message),
      expect.stringMatching(message),
      expect.stringMatching(message),
    ]);
    expect(said[1]).toContain(`cannot use the LMDB database in ${folder.path} (Task/a)`);
  });

  it('when it belongs to another user', async () => {
    if (process.geteuid?.() !== 0) return;
    await filled();
    chmodSync(folder.path, 0o777);
    chmodSync(join(folder.path, 'data.mdb'), 0o666);
    chmodSync(lock(), 0o600);
    process.setegid!(65_534);
    process.seteuid!(65_534);
    try {
      const store = new LmdbStore(folder.path);
      expect(() => store.get('Task/a')).toThrow(/this user may not read and write its lock\.mdb \(EACCES\)\. Grant/);
    } finally {
      process.seteuid!(0);
      process.setegid!(0);
    }
  });

  it('when not even the administrator may write it', async () => {
    await filled();
    try {
      execFileSync('chattr', ['+i', lock()], { stdio: 'ignore' });
    } catch {
      return;
    }
    try {
      const [read] = await runChild<string[]>(fixture, [folder.path]);
      expect(read).toMatch(/this user may not read and write its lock\.mdb \(EPERM\)/);
    } finally {
      execFileSync('chattr', ['-i', lock()]);
    }
  });
});

it('refuses a data file that is a pipe, which would block', async () => {
  execFileSync('mkfifo', [join(folder.path, 'data.mdb')]);
  expect(await runChild(fixture, [folder.path])).toEqual(Array(3).fill(expect.stringMatching(/MDB_INVALID/)));
});

it.each([1000, 4096, 8000])('can be cleared after a first write that was cut short after %d bytes', async (size) => {
  await filled();
  const file = join(folder.path, 'data.mdb');
  truncateSync(file, size);
  const storage = Storage.open(`lmdb:${folder.path}`);
  await expect(saveIn(storage, { value: 1 })).rejects.toThrow(
    `Delete the folder, or clear it (tidemark clear --all --storage 'lmdb:${folder.path}')`,
  );
  await storage.clear();
  const key = await saveIn(storage, { value: 1 });
  expect(await storage.get(key)).toBe(1);
  await storage.close();
});

it('is cleared by the command in the message', async () => {
  writeFileSync(join(folder.path, 'data.mdb'), new Uint8Array(8192));
  const uri = `lmdb:${folder.path}`;
  const cli = (...args: string[]) => tidemark([...args, '--storage', uri], { cwd: folder.path });
  expect(await cli('stats')).toMatchObject({ code: 1, err: expect.stringContaining('tidemark clear --all --storage') });
  expect(await cli('clear', '--all')).toMatchObject({ code: 0 });
  expect(await cli('stats')).toMatchObject({ code: 0 });
});

it('deletes no file of another program', async () => {
  writeFileSync(join(folder.path, 'data.mdb'), 'my own data');
  const storage = Storage.open(`lmdb:${folder.path}`);
  await expect(storage.clear()).rejects.toThrow(/is not an LMDB file/);
  expect(statSync(join(folder.path, 'data.mdb')).size).toBe(11);
});

it('writes nothing when it is read-only, and sees writes of others', async () => {
  const store = new LmdbStore(folder.path);
  await store.set('Task/a', Uint8Array.of(1));
  const reader = new LmdbStore(folder.path, { isReadonly: true });
  expect(await runChild(fixture, [folder.path, 'readonly'])).toEqual([1, ['Task/a']]);
  expect(await runChild(fixture, [join(folder.path, 'missing'), 'readonly'])).toEqual([null, []]);
  expect(readdirSync(folder.path).sort()).toEqual(
    ['.gitignore', 'data.mdb', 'lock.mdb'].filter((name) => readdirSync(folder.path).includes(name)),
  );
  await Promise.all([store.disconnect(), reader.disconnect()]);
});
