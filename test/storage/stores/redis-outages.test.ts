import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { RedisStore } from '../../../src/storage/stores/redis/redis-store';
import type { TaskKey } from '../../../src/task/context';
import { isWhole, sealed } from '../../../src/testing/sealed-bytes';
import { collect } from '../../support/collect';
import { describeWithRedis, startRedis } from '../../support/redis-server';
import { expectFailures, operations, outcomes } from './fixtures/redis-operations';

const bytes = Uint8Array.of(1, 2, 3);
const large = sealed(1, 2 ** 26);

describeWithRedis('with a redis-server that comes and goes', (server) => {
  let store: RedisStore;
  beforeEach(() => void (store = new RedisStore(server.uri())));
  afterEach(async () => {
    server.resume();
    await store.disconnect();
    await server.cli('flushall');
  });

  it('fails while the server hangs, before and after the connection, and continues afterwards', async () => {
    await store.set('Task/a', bytes);
    server.pause();
    const hanging = [outcomes(() => store, operations), expectFailures(server.uri('/1'), 'no answer for 4 seconds')];
    for (const error of (await Promise.all(hanging))[0]!)
      expect(error).toMatchObject({
        name: 'StorageError',
        message: expect.stringContaining('no answer for 4 seconds'),
      });
    server.resume();
    await store.set('Task/a', Uint8Array.of(4));
    expect(await store.get('Task/a')).toEqual(Uint8Array.of(4));
  });

  it('waits for a server that hangs for a moment', async () => {
    await store.set('Task/a', bytes);
    server.pause();
    const getting = store.get('Task/a');
    await wait(2500);
    server.resume();
    expect(await getting).toEqual(bytes);
  });

  it('fails when the server hangs or dies in the middle of a large value', async () => {
    for (const end of [() => wait(10_000, undefined, { ref: false }), () => server.kill()]) {
      await store.set('Task/large', large);
      for (const work of [() => store.get('Task/large'), () => store.set('Task/large', large)]) {
        const outcome = outcomes(() => store, { work });
        await nextTurn();
        await nextTurn();
        server.pause();
        await Promise.race([outcome, wait(100).then(end)]);
        expect(await outcome).toEqual([expect.objectContaining({ name: 'StorageError' })]);
        server.resume();
        await server.kill();
        await server.start();
        await store.set('Task/large', large);
      }
    }
  });

  it('fails while the server is away, and continues when it is back', async () => {
    await store.set('Task/a', bytes);
    await server.kill();
    await expectFailures(server.uri(), 'connection refused');
    await expect(store.get('Task/a')).rejects.toThrow(/connection refused|the connection broke/);
    await server.start();
    expect(await store.get('Task/a')).toBeUndefined();
    await store.set('Task/a', bytes);
    expect(await store.get('Task/a')).toEqual(bytes);
  });

  it('waits for a server that is restarted', async () => {
    await store.set('Task/a', bytes);
    for (const key of ['Task/b', 'Task/c']) {
      await server.kill();
      const writing = store.set(key, bytes);
      await wait(300);
      await server.start();
      await writing;
      expect(await store.get(key)).toEqual(bytes);
    }
  });

  it('connects again when the server has dropped the connection', async () => {
    await store.set('Task/a', bytes);
    await server.cli('client', 'kill', 'type', 'normal', 'skipme', 'yes');
    await wait(50);
    expect(await store.get('Task/a')).toEqual(bytes);
  });

  it('repeats requests on a cut connection', async () => {
    await store.set('Task/a', bytes);
    for (let round = 0; round < 5; round++) {
      const writes = Array.from({ length: 500 }, (_, i) => store.set(`Task/${round}-${i}`, bytes));
      const reads = Array.from({ length: 500 }, () => store.get('Task/a'));
      const key = `Task/${round}` as TaskKey;
      const lease = store.leases.acquire(key, 'token', 10_000);
      await server.cli('client', 'kill', 'type', 'normal', 'skipme', 'yes');
      await Promise.all(writes);
      expect(await Promise.all(reads)).toEqual(Array(500).fill(bytes));
      expect([await lease, await store.leases.acquire(key, 'another', 10_000)]).toEqual([true, false]);
    }
    expect((await collect(store.keys('Task/'))).length).toBe(2501);
  });

  it('fails instead of listing a part when the connection is lost', async () => {
    await store.setMany(Array.from({ length: 5000 }, (_, i) => ({ key: `Task/${i}`, value: bytes })));
    const keys = store.keys('Task/');
    await keys.next();
    await server.cli('client', 'kill', 'type', 'normal', 'skipme', 'yes');
    await wait(50);
    await expect(collect(keys)).rejects.toMatchObject({
      operation: 'list',
      message: expect.stringContaining('the connection broke'),
    });
    expect(await collect(store.keys('Task/'))).toHaveLength(5000);
  });

  it('fails instead of listing a part when it is closed meanwhile, and opens again', async () => {
    await store.setMany(Array.from({ length: 5000 }, (_, i) => ({ key: `Task/${i}`, value: bytes })));
    const keys = store.keys('Task/');
    await keys.next();
    await store.disconnect();
    await expect(collect(keys)).rejects.toThrow('the storage was closed meanwhile');
    expect(await store.has('Task/1')).toBe(true);
  });

  it('completes pending requests before it closes', async () => {
    const asked = [store.set('Task/a', large), store.append('Task/b', bytes), store.get('Task/a')];
    await Promise.all([store.disconnect(), store.disconnect()]);
    const pending = Symbol('pending');
    for (const each of asked) expect(await Promise.race([each, pending])).not.toBe(pending);
    expect(isWhole(await asked[2])).toBe(true);
  });

  it('completes pending requests before it closes, even when the connection is cut meanwhile', async () => {
    for (let round = 0; round < 5; round++) {
      let settled = 0;
      const asked = Array.from({ length: 20 }, (_, i) => store.set(`Task/${i}`, large.subarray(0, 2 ** 22)));
      for (const each of asked) void each.then(() => settled++);
      const closed = store.disconnect();
      await server.cli('client', 'kill', 'type', 'normal', 'skipme', 'yes');
      await closed;
      expect(settled).toBe(asked.length);
    }
  });

  it('settles every request when the connection is lost', async () => {
    const asked = Array.from({ length: 2000 }, (_, i) => store.set(`Task/${i}`, bytes));
    await wait(5);
    await server.kill();
    for (const outcome of await Promise.allSettled(asked)) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ name: 'StorageError' });
    }
    await server.start();
  });
});

describeWithRedis('with a redis-server that writes down what it is told', () => {
  it('keeps what was saved before the server was killed', async () => {
    const server = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    const store = new RedisStore(server.uri());
    const saved: string[] = [];
    const saving = Array.from({ length: 20 }, async (_, writer) => {
      for (let i = 0; ; i++) {
        await store.set(`Task/${writer}-${i}`, sealed(i, 1000));
        saved.push(`Task/${writer}-${i}`);
      }
    });
    const failing = Promise.allSettled(saving);
    while (saved.length <= 20) await wait(10);
    await server.kill();
    await failing;
    await server.start();
    const values = await store.getMany(saved);
    expect(values.filter(isWhole)).toHaveLength(saved.length);
    await store.disconnect();
    await server.stop();
  });
});
