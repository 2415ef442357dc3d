import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Runner, task } from 'tidemark';
import { bullmq } from '../../../src/executors/bullmq/bullmq';
import { launchWorker } from '../../../src/executors/bullmq/worker/start-worker';
import { describeWithRedis, RedisServer, startRedis } from '../../support/redis-server';
import { ServerName } from '../../support/server-name';
import { temporaryFolder } from '../../support/temporary-folder';
import { Counted } from './fixtures/tasks';
import { linesOf, until } from './support/drivers';
import { ownTasksFile } from './support/workers';

describeWithRedis('queues', (first) => {
  const folder = temporaryFolder();
  const log = () => join(folder.path, 'log');
  const files = () => `file:${join(folder.path, 'results')}`;
  let name: ServerName;
  let closing: { close(): Promise<unknown> }[] = [];
  beforeEach(() => void (name = new ServerName(first.port)));
  afterEach(async () => {
    for (const one of closing.reverse()) await one.close();
    closing = [];
    name.close();
  });
  const refs = (from: number, count: number) =>
    Array.from({ length: count }, (_, n) => task(Counted, { id: from + n, log: log(), takes: 20 }));

  async function worker(connection: string, storage = files()): Promise<void> {
    const common = { modules: [ownTasksFile], executor: 'inline', stopSignals: [], onWarning: () => {} } as const;
    closing.push(await launchWorker({ ...common, connection, storage, concurrency: 2 }));
  }

  function drive(connection: string, storage = files(), options: object = {}): Runner {
    const executor = bullmq({ connection, checkInterval: 300, ...options });
    const runner = new Runner({ executor, storage, onWarning: () => {} });
    closing.push(runner);
    return runner;
  }

  it('go on with the new primary after a failover, in which old connections stay open', async () => {
    const second = await startRedis({
      args: ['--replicaof', `127.0.0.1 ${first.port}`, '--repl-diskless-sync-delay', '0'],
    });
    await until(async () => (await second.cli('info', 'replication')).includes('master_link_status:up'));
    const connection = await name.uri();
    await worker(connection, connection);
    const runner = drive(connection, connection);
    expect(await runner.run(refs(0, 3))).toHaveLength(3);
    const running = runner.run(refs(100, 20));
    await until(() => linesOf(log()).length >= 6);
    await second.cli('replicaof', 'no', 'one');
    await first.cli('replicaof', '127.0.0.1', String(second.port));
    name.leadsTo = second.port;
    expect(await running).toHaveLength(20);
    expect(await runner.run(refs(200, 3))).toHaveLength(3);
    expect(Number(await second.cli('dbsize'))).toBeGreaterThan(20);
    await first.cli('replicaof', 'no', 'one');
    for (const one of closing.splice(0).reverse()) await one.close();
    await second.stop();
  });

  it('wait for a Redis that loads its data, at first contact and later', async () => {
    const loading = '-LOADING Redis is loading the dataset in memory\r\n';
    name.says = loading;
    const connection = await name.uri();
    const starting = worker(connection);
    const running = drive(connection).run(refs(300, 2));
    await wait(400);
    name.says = undefined;
    expect(await Promise.all([running, starting])).toEqual([['counted 300', 'counted 301'], undefined]);
  });

  it('wait for a Redis that really loads its data, for longer than for one that is not there', async () => {
    const args = ['--key-load-delay', '200000', '--loading-process-events-interval-bytes', '1024'];
    const real = new RedisServer({ args });
    await real.start();
    for (let i = 0; i < 25; i++) await real.cli('set', `filler:${i}`, randomBytes(2_000).toString('hex'));
    await real.cli('save');
    await real.kill();
    void real.start();
    const running = drive(real.uri()).run(refs(400, 1));
    await worker(real.uri());
    expect(await running).toEqual(['counted 400']);
    for (const one of closing.splice(0).reverse()) await one.close();
    await real.stop();
  });

  it('say what it is that they wait for, and for how long', async () => {
    name.says = '-LOADING Redis is loading the dataset in memory\r\n';
    const running = drive(await name.uri(), files(), { patience: 600 }).run(refs(500, 1));
    await expect(running).rejects.toThrow(
      /cannot reach the queues in .*: it is still loading its data. Wait until it has. It was asked again for 0\.[67] s\./,
    );
    const replica = await startRedis({ args: ['--replicaof', `127.0.0.1 ${first.port}`] });
    const refused = drive(replica.uri(), files(), { patience: 600 }).run(refs(600, 1));
    await expect(refused).rejects.toThrow(
      /it is a read-only replica. Use the address of the primary. It was asked again for 0\.[6-9] s\./,
    );
    await replica.stop();
  });

  it.each(['+OK', ':5', '$-1', '$3\r\nabc', '*0', '*-1', '*1\r\n:1'])('say what answers by %j', async (reply) => {
    name.says = `${reply}\r\n`;
    const connection = await name.uri();
    const strange =
      /cannot reach the queues in redis:\/\/127.0.0.1:\d+\/0: the server is not Redis: its reply to [A-Z]+ was .*\. Check host and port\./;
    await expect(drive(connection).run(refs(700, 1))).rejects.toThrow(strange);
    await expect(worker(connection)).rejects.toThrow(strange);
  });
});
