import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Storage, type TaskKey } from 'tidemark';
import { LmdbStore } from '../../src/storage/stores/lmdb/lmdb-store';
import { RedisStore } from '../../src/storage/stores/redis/redis-store';
import { noise } from '../support/noise';
import { describeWithRedis } from '../support/redis-server';
import { temporaryFolder } from '../support/temporary-folder';
import { damaged, readOrDamaged, saveAs } from './support/forms';

const folder = temporaryFolder();
const keyOf = (n: number) => `Example/${n.toString(16).padStart(32, '0')}`;

function everyIndexOf(data: Buffer, bytes: Uint8Array): number[] {
  const found: number[] = [];
  for (let at = data.indexOf(bytes); at >= 0; at = data.indexOf(bytes, at + 1)) found.push(at);
  return found;
}

it('notices flipped bits in the data file of LMDB, which does not', async () => {
  const writing = Storage.open(`lmdb:${folder.path}`);
  const values = new Map<TaskKey, unknown>();
  for (const size of [20, 1000, 60_000]) values.set(await saveAs(writing, keyOf(size), noise(size)), noise(size));
  await writing.close();
  const [storage, store] = [Storage.open(`lmdb:${folder.path}`), new LmdbStore(folder.path)];
  const data = readFileSync(join(folder.path, 'data.mdb'));
  const file = openSync(join(folder.path, 'data.mdb'), 'r+');
  let flips = 0;
  for (const [name, bytes] of store.iterator()) {
    if (!name.startsWith('Example/')) continue;
    // Pages that are no longer used may hold the same.
    const starts = everyIndexOf(data, bytes);
    const key = name.replace(/\..*/, '') as TaskKey;
    const step = Math.ceil(bytes.length / 150);
    for (let at = 0; at < bytes.length; at += step, flips++) {
      for (const start of starts) writeSync(file, Buffer.of(bytes[at]! ^ (1 << (flips % 8))), 0, 1, start + at);
      expect([at, await readOrDamaged(storage, key)]).toEqual([at, damaged]);
      for (const start of starts) writeSync(file, data, start + at, 1, start + at);
    }
    expect(await storage.get(key)).toEqual(values.get(key));
  }
  expect(flips).toBeGreaterThan(400);
  closeSync(file);
  await Promise.all([storage.close(), store.disconnect()]);
});

describeWithRedis('with a redis-server', (server) => {
  it('notices which of many concurrently read results are damaged', async () => {
    const [storage, store] = [Storage.open(server.uri()), new RedisStore(server.uri())];
    const keys = await Promise.all(Array.from({ length: 60 }, (_, i) => saveAs(storage, keyOf(i), { i })));
    for (const [i, key] of keys.entries()) {
      const bytes = (await store.get(key))!;
      if (i % 3 === 0) await store.set(key, bytes.subarray(0, i * 4));
      if (i % 3 === 1)
        await store.set(
          key,
          bytes.map((byte, at) => (at === i * 4 ? byte ^ 0x20 : byte)),
        );
    }
    const read = await Promise.all(keys.map((key) => readOrDamaged(storage, key)));
    expect(read).toEqual(keys.map((_, i) => (i % 3 === 2 ? { i } : damaged)));
    await Promise.all([storage.close(), store.disconnect()]);
  });
});
