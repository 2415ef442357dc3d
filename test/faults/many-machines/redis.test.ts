import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { task } from 'tidemark';
import { linesOf, until } from '../../executors/bullmq/support/drivers';
import { outcomeOf } from '../../support/outcome';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis-server';
import { temporaryFolder } from '../../support/temporary-folder';
import { AfterSlow, expected, Slow, SlowOnce, Whole } from './fixtures/tasks';
import { Cluster } from './support/cluster';

const seed = 5;
const count = 20;
const sums = Array.from({ length: count }, (_, id) => expected(seed, id).sum);

describeWithRedis('a Redis that holds jobs and results', () => {
  const folder = temporaryFolder();
  const log = () => join(folder.path, 'log');
  let server: RedisServer;
  let cluster: Cluster;
  const start = async (options?: Parameters<typeof startRedis>[0]) => {
    server = await startRedis(options);
    cluster = new Cluster(server);
  };
  afterEach(async () => {
    await cluster.close();
    await server.stop();
  });

  it('and comes back with its data again and again costs nothing', async () => {
    await start({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    await cluster.worker({ concurrency: 3 });
    const outcome = outcomeOf(cluster.runner().start(Whole, { seed, count, log: log() }));
    for (const after of [3, 9]) {
      await until(() => new Set(linesOf(log())).size >= after);
      await server.kill();
      await server.start();
    }
    const { result, error, summary } = await outcome;
    expect([error?.message, result]).toEqual([undefined, sums]);
    expect([summary.ran + summary.loaded, summary.failed]).toEqual([count + 1, 0]);
  });

  it('and comes back without them ends the run in its result or says what is gone; the next run has all', async () => {
    await start();
    await cluster.worker({ concurrency: 3 });
    const runner = cluster.runner();
    const outcome = outcomeOf(runner.start(AfterSlow, { log: log(), pauses: 700 }));
    await until(() => linesOf(log()).length === 2);
    await wait(200);
    await server.kill();
    await server.start();
    const { result, error } = await outcome;
    if (error) expect(error.message).toMatch(/Slow.* is not in redis:.* it was removed meanwhile/s);
    else expect(result).toBe('after slow 0 sss');
    expect(await runner.run(AfterSlow, { log: log(), pauses: 700 })).toBe('after slow 0 sss');
  });

  it('and has no room left ends the run with an error that says so', async () => {
    await start({ maxmemory: '6mb' });
    await cluster.worker();
    const runner = cluster.runner();
    expect(await runner.run(task(SlowOnce, { log: log() }))).toMatch(/^slow/);
    await fill(server);
    const { error } = await outcomeOf(runner.start([Slow, SlowOnce].map((Task) => task(Task, { id: 1, log: log() }))));
    expect(error.message).toMatch(/its memory is full\. Give it more \(maxmemory\)/);
    // What to do is a whole sentence.
    expect(error.message).not.toMatch(/,\./);
  });

  it('and has no room left while a task runs ends in a result or an error that says so', async () => {
    await start({ maxmemory: '6mb' });
    await cluster.worker({ concurrency: 2 });
    const outcome = outcomeOf(
      cluster.runner().start([Slow, SlowOnce].map((Task) => task(Task, { id: 1, log: log(), takes: 500 }))),
    );
    await until(() => linesOf(log()).length === 2);
    await fill(server);
    const { result, error } = await outcome;
    if (error) expect(error.message).toMatch(/no room|out of memory|maxmemory/i);
    else expect(result).toHaveLength(2);
  });

  it('and is a replica, which takes no writes, ends the run with an error that says so', async () => {
    await start();
    const replica = await startRedis({ args: ['--replicaof', `127.0.0.1 ${server.port}`] });
    const runner = new Cluster(replica).runner();
    const { error } = await outcomeOf(runner.start(SlowOnce, { log: log() }));
    expect(error.message).toMatch(/replica|read.?only/i);
    await runner.close();
    await replica.stop();
  });
});

/** Until Redis takes no more. */
async function fill(server: RedisServer): Promise<void> {
  for (const size of [100_000, 1_000])
    for (let i = 0; i < 200; i++) {
      const reply = await server.cli(
        'eval',
        `return redis.call('set', KEYS[1], string.rep('x', ${size}))`,
        '1',
        `fill:${size}:${i}`,
      );
      if (/OOM/.test(reply)) break;
    }
}
