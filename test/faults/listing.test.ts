import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Storage, type TaskKey } from 'tidemark';
import { encodeEntry } from '../../src/storage/format/entry-format';
import { LmdbStore } from '../../src/storage/stores/lmdb/lmdb-store';
import { RedisStore } from '../../src/storage/stores/redis/redis-store';
import { collect } from '../support/collect';
import { describeWithRedis } from '../support/redis-server';
import { temporaryFolder } from '../support/temporary-folder';
import { saveAs } from './support/forms';

const folder = temporaryFolder();
const count = 40_000;

/** Checkpoints of two tasks, in groups: each a record of a kilobyte, and a byte. */
const groups: { key: string; value: Uint8Array }[][] = [];
beforeAll(async () => {
  const storage = Storage.open('memory:');
  await saveAs(storage, 'Any/0', 1);
  const [record] = await collect(storage.list());
  const about = 'x'.repeat(800);
  for (let n = 0; n < count; n++) {
    const [task, params] = [n % 4 === 0 ? 'Quarter' : 'Rest', { n, about }];
    const key = `${task}/${String(n).padStart(32, '0')}` as TaskKey;
    if (n % 1000 === 0) groups.push([]);
    groups.at(-1)!.push({ key, value: encodeEntry({ ...record!, key, task, params }, Buffer.from('1')) });
  }
});

/** What list-many.ts prints in 32 MB of memory; undefined when that was too little. */
async function listed(uri: string, how: 'stream' | 'hold' | 'stats'): Promise<unknown> {
  const register = join(__dirname, '../support/register.js');
  const args = ['--max-old-space-size=32', '-r', register, join(__dirname, 'fixtures/list-many.ts'), uri, how];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', how === 'hold' ? 'ignore' : 'inherit'],
    cwd: folder.path,
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return code === 0 ? JSON.parse(output) : undefined;
}

it('lists 40,000 records of files without holding them', async () => {
  for (const task of ['Quarter', 'Rest']) mkdirSync(join(folder.path, task));
  for (const entries of groups) for (const { key, value } of entries) writeFileSync(join(folder.path, key), value);
  const uri = `file:${folder.path}`;
  expect(await listed(uri, 'stream')).toEqual({ count, held: 0 });
  // So much memory is too little for all of them.
  expect(await listed(uri, 'hold')).toBeUndefined();
});

it('sums up 40,000 records of LMDB without holding them', async () => {
  const store = new LmdbStore(folder.path);
  for (const entries of groups) await Promise.all(entries.map(({ key, value }) => store.set(key, value)));
  await store.disconnect();
  expect(await listed(`lmdb:${folder.path}`, 'stats')).toEqual([
    ['Quarter', { count: count / 4, bytes: count / 4 }],
    ['Rest', { count: (count * 3) / 4, bytes: (count * 3) / 4 }],
  ]);
});

describeWithRedis('with a redis-server', (server) => {
  it('lists 40,000 records of Redis without holding them', async () => {
    const store = new RedisStore(server.uri());
    for (const entries of groups) await store.setMany(entries);
    await store.disconnect();
    expect(await listed(server.uri(), 'stream')).toEqual({ count, held: 0 });
  });
});
