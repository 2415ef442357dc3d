import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { RedisStore } from '../../../src/storage/stores/redis/redis-store';
import { isWhole, sealed } from '../../../src/testing/sealed-bytes';
import { collect } from '../../support/collect';
import { describeWithRedis } from '../../support/redis-server';

const bytes = Uint8Array.of(0, 13, 10, 128, 255);

describeWithRedis('with a redis-server', (server) => {
  const opened: RedisStore[] = [];
  const open = (rest = '') => opened[opened.push(new RedisStore(server.uri(rest))) - 1]!;

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.disconnect()));
    await server.cli('flushall');
  });

  it('keeps plain bytes under a readable key', async () => {
    await open('/4').set('Choose/0f3a', bytes);
    await open('/4?namespace=mine').append('@cleared/Choose', bytes);
    expect((await server.cli('-n', '4', 'keys', '*')).split('\n').sort()).toEqual([
      'mine:@cleared/Choose',
      'tidemark:Choose/0f3a',
    ]);
    expect(await server.cli('-n', '4', '--no-raw', 'get', 'tidemark:Choose/0f3a')).toBe(String.raw`"\x00\r\n\x80\xff"`);
  });

  it('neither lists nor clears other keys', async () => {
    const theirs = ['other:Task/a', 'tidemark', 'tidemark:', 'tidemark:a', 'tidemark:in:Task/a', 'tidemarks:Task/a'];
    await server.cli('mset', ...theirs.flatMap((key) => [key, 'theirs']));
    await server.cli('rpush', 'tidemark:Task/list', 'theirs');
    const store = open();
    await store.set('Task/a', bytes);
    expect(await collect(store.keys())).toEqual(['Task/a']);
    expect(await collect(store.iterator())).toEqual([['Task/a', bytes]]);
    await store.clear();
    expect((await server.cli('keys', '*')).split('\n').sort()).toEqual([...theirs, 'tidemark:Task/list'].sort());
  });

  it('separates namespaces of any name', async () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '[', ']', '\\', '^', '-', '/'), minLength: 1 });
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { minLength: 2, maxLength: 6 }), async (names) => {
        const stores = names.map((each) => open(`?namespace=${encodeURIComponent(each)}`));
        await Promise.all(stores.map((store, i) => store.set(`Task/${i}`, bytes)));
        for (const [i, store] of stores.entries()) expect(await collect(store.keys('T'))).toEqual([`Task/${i}`]);
        for (const store of stores) await store.clear();
        expect(await server.cli('dbsize')).toBe('0');
      }),
      { numRuns: 30 },
    );
  });

  it('lists all keys that stay while Redis rehashes', async () => {
    const store = open();
    const keys = (name: string, count: number) => Array.from({ length: count }, (_, i) => `Task/${name}-${i}`);
    const [staying, going] = [keys('stays', 3000), keys('goes', 30_000)];
    await store.setMany([...staying, ...going].map((key) => ({ key, value: bytes })));
    const found: string[] = [];
    for await (const key of store.keys('Task/')) {
      found.push(key);
      if (found.length !== 5000) continue;
      await Promise.all(going.map((each) => store.delete(each)));
      await wait(500);
    }
    expect(found.filter((key) => key.includes('stays')).sort()).toEqual(staying.sort());
  });

  it('writes many values of any total size', async () => {
    const store = open();
    const entries = [1, 20, 3, 0, 16, 9, 8].map((size, i) => ({
      key: `Task/${i}`,
      value: sealed(i, size * 2 ** 20 + 32),
    }));
    await store.setMany([]);
    expect(await store.getMany([])).toEqual([]);
    await store.setMany([...entries, { key: 'Task/0', value: bytes }]);
    const values = await store.getMany(entries.map(({ key }) => key));
    expect(values.shift()).toEqual(bytes);
    expect(values.map((value, i) => isWhole(value) && value?.length === entries[i + 1]?.value.length)).not.toContain(
      false,
    );
  });

  it('shares no memory with the caller', async () => {
    const store = open();
    const given = Buffer.from('abc');
    await Promise.all([store.set('Task/a', given), store.setMany([{ key: 'Task/b', value: given }])]);
    given.fill('x');
    const values = [await store.get('Task/a'), ...(await store.getMany(['Task/a', 'Task/b']))];
    for (const value of values) {
      expect(Buffer.from(value!).toString()).toBe('abc');
      expect(value!.buffer.byteLength).toBe(3);
      value!.fill(0);
    }
    expect(new Set(values.map((value) => value!.buffer)).size).toBe(3);
    expect(store.copies).toBe(true);
  });
});

it('lists a key once that Redis lists twice, as it may while it rehashes', async () => {
  const list = (items: string[]) => `*${items.length}\r\n${items.join('')}`;
  const text = (item: string) => `$${item.length}\r\n${item}\r\n`;
  const page = (cursor: string, ...keys: string[]) =>
    list([text(cursor), list(keys.map((key) => text(`tidemark:${key}`)))]);
  const pages = [page('5', 'Task/a', 'Task/b'), page('9'), page('0', 'Task/b', 'Task/b', 'Task/c')];
  const server = createServer((socket) => void socket.on('data', () => socket.write(pages.shift() ?? '-ERR\r\n')));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const store = new RedisStore(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`);
  expect(await collect(store.keys('Task/'))).toEqual(['Task/a', 'Task/b', 'Task/c']);
  await store.disconnect();
  server.close();
});
