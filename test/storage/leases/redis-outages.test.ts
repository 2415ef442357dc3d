import '../../support/lease-thread';
import { setTimeout as wait } from 'node:timers/promises';
import { LeaseManager } from '../../../src/storage/leases/lease-manager';
import { StoreClient } from '../../../src/storage/store-client';
import { RedisStore } from '../../../src/storage/stores/redis/redis-store';
import type { TaskKey } from '../../../src/task/context';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis-server';

const key = 'Choose/0f3a' as TaskKey;
const expiresAfter = 2000;
const forever = () => new AbortController().signal;
const entry = (text: string) => ({ bytes: Buffer.from(text), durable: false, isStale: () => false });

function open(server: RedisServer): { store: RedisStore; leases: LeaseManager; close(): Promise<void> } {
  const store = new RedisStore(server.uri());
  const leases = new LeaseManager(store.leases, new StoreClient(store, store.location), { expiresAfter });
  return {
    store,
    leases,
    async close() {
      await leases.close();
      await store.disconnect();
    },
  };
}

describeWithRedis('leases in a Redis that comes and goes', (server) => {
  it('are acquired again by their owner after a restart without data', async () => {
    const [a, b] = [open(server), open(server)];
    const lease = (await a.leases.acquire(key))!;
    await server.kill();
    await server.start();
    while ((await b.store.get(`@leases/${key}`)) === undefined) await wait(50);
    expect([await b.leases.acquire(key), lease.signal.aborted]).toEqual([undefined, false]);
    expect(await lease.write(entry('result'))).toBe(true);
    await Promise.all([a.close(), b.close()]);
  });

  it('are lost when another process is faster after that', async () => {
    const [a, b] = [open(server), open(server)];
    const lease = (await a.leases.acquire(key))!;
    await server.kill();
    await server.start();
    const next = (await b.leases.acquire(key))!;
    expect(await lease.write(entry('late'))).toBe(false);
    expect(await next.write(entry('next'))).toBe(true);
    expect(Buffer.from((await a.store.get(key))!).toString()).toBe('next');
    await Promise.all([a.close(), b.close()]);
  });

  it('report that it is away, and continue when it is back', async () => {
    const [a, b] = [open(server), open(server)];
    const lease = (await a.leases.acquire(key))!;
    const waiting = b.leases.whenFree(key, forever()).catch((error) => error);
    await server.kill();
    const away = { name: 'StorageError', message: expect.stringMatching(/connection refused|the connection broke/) };
    expect(await waiting).toMatchObject(away);
    await expect(b.leases.acquire('Choose/0f3b' as TaskKey)).rejects.toMatchObject(away);
    await expect(lease.write(entry('result'))).rejects.toMatchObject(away);
    expect(lease.signal.aborted).toBe(false);
    await lease.release();
    await server.start();
    expect(await b.leases.acquire(key)).toBeDefined();
    await Promise.all([a.close(), b.close()]);
  });

  it('report that it hangs', async () => {
    const [a, b] = [open(server), open(server)];
    const lease = (await a.leases.acquire(key))!;
    server.pause();
    const asked = [b.leases.acquire(key), b.leases.whenFree(key, forever()), lease.write(entry('result'))];
    for (const each of await Promise.allSettled(asked))
      expect(each).toMatchObject({ reason: { message: expect.stringContaining('no answer for 4 seconds') } });
    server.resume();
    await lease.release();
    await Promise.all([a.close(), b.close()]);
  });
});

describeWithRedis('leases in a Redis of its own', () => {
  it('survive a restart with data', async () => {
    const server = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    const [a, b] = [open(server), open(server)];
    const lease = (await a.leases.acquire(key))!;
    await server.kill();
    await server.start();
    expect(await b.leases.acquire(key)).toBeUndefined();
    expect(await lease.write(entry('result'))).toBe(true);
    await Promise.all([a.close(), b.close()]);
    await server.stop();
  });

  it('report that its memory is full', async () => {
    const server = await startRedis({ maxmemory: '3mb' });
    const { store, leases, close } = open(server);
    const lease = (await leases.acquire(key))!;
    const fill = async () => {
      for (let i = 0; i < 100_000; i++) await store.set(`Task/${i}`, Buffer.alloc(500));
    };
    await expect(fill()).rejects.toThrow('its memory is full');
    await expect(lease.write(entry('x'.repeat(1000)))).rejects.toMatchObject({
      message: expect.stringContaining('its memory is full'),
    });
    await close();
    await server.stop();
  });
});
