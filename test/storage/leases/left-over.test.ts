import '../../support/lease-thread';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Storage, type TaskKey } from 'tidemark';
import { FileStore } from '../../../src/storage/stores/file/file-store';
import { runChild } from '../../support/child';
import { describeWithRedis } from '../../support/redis-server';
import { temporaryFolder } from '../../support/temporary-folder';

const fixture = join(__dirname, 'fixtures/take-and-end.ts');
const folder = temporaryFolder();
const open = () => Storage.open(`file:${folder.path}`, { lease: { expiresAfter: 600 } });

it('removes the leases of dead processes on keys of a task when it acquires one of them', async () => {
  expect(await runChild(fixture, [`file:${folder.path}`, '0', 'Choose/a', 'Choose/b', 'Other/c'])).toHaveLength(3);
  const storage = open();
  const leases = (name: string) => readdirSync(join(folder.path, '@leases', name));
  const [choose, other] = readdirSync(join(folder.path, '@leases')).sort() as [string, string];
  expect(leases(choose)).toEqual(['a', 'b']);
  await storage.stack.leases!.acquire('Choose/d' as TaskKey);
  expect([leases(choose), leases(other)]).toEqual([['d'], ['c']]);
  await storage.close();
  expect([leases(choose), readdirSync(join(folder.path, '.tmp'))]).toEqual([[], []]);
});

it('removes the folder of a process that was killed before it acquired a lease', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  const unfinished = join(folder.path, '.tmp', `${pid}-0-0a`);
  mkdirSync(unfinished, { recursive: true });
  writeFileSync(join(unfinished, 'token'), '');
  const longAgo = Date.now() / 1000 - 120;
  utimesSync(unfinished, longAgo, longAgo);
  const store = new FileStore(folder.path);
  await store.set('Task/a', new Uint8Array(1));
  expect(readdirSync(join(folder.path, '.tmp'))).toEqual([]);
});

it('reports a file in the place of the folder of leases', async () => {
  writeFileSync(join(folder.path, '@leases'), '');
  await expect(open().stack.leases!.acquire('Choose/a' as TaskKey)).rejects.toMatchObject({
    name: 'StorageError',
    message: expect.stringContaining('there is a file where a folder should be (ENOTDIR)'),
  });
});

it('continues when its folder is deleted meanwhile', async () => {
  const storage = Storage.open(`file:${join(folder.path, 'deleted')}`);
  for (let i = 0; i < 3; i++) {
    const lease = await storage.stack.leases!.acquire('Choose/a' as TaskKey);
    spawnSync('rm', ['-r', join(folder.path, 'deleted')]);
    expect(await lease!.write({ bytes: Buffer.from('x'), durable: i > 0, isStale: () => false })).toBe(true);
    expect(await storage.has('Choose/a' as TaskKey)).toBe(true);
  }
  await storage.close();
});

it('lets a process end that holds leases', async () => {
  expect(await runChild(fixture, [`file:${folder.path}`, '1500', 'Choose/a'])).toEqual([false]);
});

describeWithRedis('with a redis-server', (server) => {
  it('lets a process end that holds leases in Redis', async () => {
    expect(await runChild(fixture, [server.uri(), '1500', 'Choose/a'])).toHaveLength(1);
  });
});
