import { setTimeout as wait } from 'node:timers/promises';
import { Param, Runner, Task, task } from 'tidemark';
import { RedisStore } from '../../../src/storage/stores/redis/redis-store';
import { until } from '../../executors/bullmq/support/drivers';
import { describeWithRedis, RedisServer, startRedis } from '../../support/redis-server';
import { ServerName } from '../../support/server-name';

@Task({ save: true })
class One {
  @Param() i!: number;
  run(): number {
    return this.i;
  }
}

@Task({ save: true, once: 'everywhere' })
class Leased extends One {}

describeWithRedis('after a failover', (first) => {
  let second: RedisServer;
  let name: ServerName;
  beforeAll(async () => {
    second = await startRedis({ args: ['--replicaof', `127.0.0.1 ${first.port}`, '--repl-diskless-sync-delay', '0'] });
    await until(async () => (await second.cli('info', 'replication')).includes('master_link_status:up'));
  });
  afterAll(() => second.stop());
  beforeEach(() => void (name = new ServerName(first.port)));
  afterEach(async () => {
    name.close();
    await second.cli('replicaof', '127.0.0.1', String(first.port)).catch(() => undefined);
    await first.cli('replicaof', 'no', 'one');
  });

  async function failOver(): Promise<void> {
    await second.cli('replicaof', 'no', 'one');
    await first.cli('replicaof', '127.0.0.1', String(second.port));
    name.leadsTo = second.port;
  }

  it('saves and leases go to the new primary, whatever was done before', async () => {
    const runner = new Runner({ storage: await name.uri() });
    const reader = new Runner({ storage: await name.uri() });
    expect(await runner.run([task(One, { i: 1 }), task(Leased, { i: 1 })])).toEqual([1, 1]);
    // One that only reads.
    expect(await reader.run(task(One, { i: 1 }))).toBe(1);
    await failOver();
    for (const i of [2, 3]) {
      expect(await runner.run([task(One, { i }), task(Leased, { i })])).toEqual([i, i]);
      expect(await reader.run([task(One, { i: 10 * i }), task(Leased, { i: 10 * i })])).toEqual([10 * i, 10 * i]);
    }
    expect((await second.cli('keys', 'tidemark:One/*')).split('\n')).toHaveLength(5);
    await Promise.all([runner.close(), reader.close()]);
  });

  it('appends are done once', async () => {
    const store = new RedisStore(await name.uri());
    await store.append('Task/a', Uint8Array.of(1));
    await failOver();
    await Promise.all([2, 3].map((n) => store.append('Task/a', Uint8Array.of(n))));
    expect([...(await store.get('Task/a'))!].sort()).toEqual([1, 2, 3]);
    await store.clear();
    expect(await second.cli('keys', '*')).toBe('');
    await store.disconnect();
  });

  it('the error tells for how long there was no other primary', async () => {
    const store = new RedisStore(await name.uri('/0?patience=300'));
    await store.set('Task/a', Uint8Array.of(1));
    await first.cli('replicaof', '127.0.0.1', '1');
    const start = Date.now();
    await expect(store.set('Task/a', Uint8Array.of(2))).rejects.toThrow(
      /it is a read-only replica. Use the address of the primary or choose another storage. It was asked again for 0.3 s \(\?patience=300\)/,
    );
    expect(Date.now() - start).toBeLessThan(1_500);
    expect(name.connections).toBeGreaterThan(2);
    await store.disconnect();
  });
});

describeWithRedis('a Redis that loads its data', (server) => {
  let name: ServerName;
  beforeEach(() => void (name = new ServerName(server.port)));
  afterEach(() => name.close());
  const loading = '-LOADING Redis is loading the dataset in memory\r\n';

  it('is waited for, at first contact and later', async () => {
    name.says = loading;
    const runner = new Runner({ storage: await name.uri() });
    const first = runner.run(task(Leased, { i: 1 }));
    await wait(300);
    name.says = undefined;
    expect(await first).toBe(1);
    name.says = loading;
    const second = runner.run([task(One, { i: 2 }), task(Leased, { i: 2 })]);
    await wait(300);
    name.says = undefined;
    expect(await second).toEqual([2, 2]);
    name.says = loading;
    const store = new RedisStore(await name.uri());
    const all = Promise.all([store.append('Task/a', Uint8Array.of(1)), store.keys().next(), store.clear()]);
    await wait(200);
    name.says = undefined;
    await all;
    await store.disconnect();
    await runner.close();
  });

  it('is waited for with a limit, which the error tells', async () => {
    name.says = loading;
    const start = Date.now();
    const running = new Runner({ storage: await name.uri('?patience=250') }).run(task(One, { i: 3 }));
    await expect(running).rejects.toThrow(
      /it is still loading its data. Wait until it has or choose another storage. It was asked again for 0.25 s/,
    );
    expect(Date.now() - start).toBeLessThan(2_000);
  });

  it('is waited for during a real restart', async () => {
    const real = new RedisServer({
      args: ['--appendonly', 'yes', '--key-load-delay', '100000', '--loading-process-events-interval-bytes', '1024'],
    });
    await real.start();
    const store = new RedisStore(real.uri());
    for (let i = 0; i < 5; i++) await store.set(`Task/${i}`, new Uint8Array(2_000));
    await real.kill();
    const [, value] = await Promise.all([real.start(), store.get('Task/0')]);
    expect(value).toHaveLength(2_000);
    await store.disconnect();
    await real.stop();
  });
});

it.each(['nonsense', '0', '-1', '1.5'].filter((text) => text !== '0'))('refuses ?patience=%s', (text) => {
  expect(() => new RedisStore(`redis://localhost?patience=${text}`)).toThrow(
    /its patience is ".*", which is not a number/,
  );
});
