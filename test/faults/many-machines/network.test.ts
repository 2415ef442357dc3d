import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { task } from 'tidemark';
import { linesOf, until } from '../../executors/bullmq/support/drivers';
import { outcomeOf } from '../../support/outcome';
import { describeWithRedis } from '../../support/redis-server';
import { temporaryFolder } from '../../support/temporary-folder';
import { Slow, SlowOnce } from './fixtures/tasks';
import { Cluster } from './support/cluster';
import { TcpProxy } from './support/tcp-proxy';

const breaks = ['cut', 'stall'] as const;
const kinds = [
  ['saved', Slow],
  ['not saved', SlowOnce],
] as const;
/** No worker is lost, however busy the machine is. */
const patient = { concurrency: 2, lockDuration: 10_000 };
/** Jobs are looked for all the time, and all results come with the answers. */
const watchful = { checkInterval: 50, inlineBytes: 10_000 };

describeWithRedis('a network', (server) => {
  const folder = temporaryFolder();
  const log = () => join(folder.path, 'log');
  const starts = (count: number) => until(() => linesOf(log()).length >= count);
  let cluster: Cluster;
  let proxy: TcpProxy;
  beforeEach(async () => {
    cluster = new Cluster(server);
    proxy = await TcpProxy.to(server.port);
  });
  afterEach(async () => {
    proxy.heal();
    await cluster.close();
    await proxy.close();
    await server.cli('flushall');
  });

  it.each([
    ['of the events', 'xread'],
    ['that jobs were added', SlowOnce.name],
  ])('that a runner tells nothing %s, until it breaks, costs nothing', async (_, sent) => {
    await cluster.worker(patient);
    const runner = cluster.runner(watchful, {}, proxy.uri);
    proxy.holdUpAnswers(sent);
    const outcome = outcomeOf(runner.start([1, 2].map((id) => task(SlowOnce, { id, log: log() }))));
    await starts(2);
    // Both end, and are looked for.
    await wait(500);
    proxy.cut();
    proxy.heal();
    const { error, summary } = await outcome;
    expect([error, summary.ran]).toEqual([undefined, 2]);
    expect(linesOf(log())).toHaveLength(2);
  });

  it('that holds up events while a job cannot be added costs the others nothing', async () => {
    await cluster.worker(patient);
    const runner = cluster.runner(watchful, {}, proxy.uri);
    const start = (id: number) => outcomeOf(runner.start(task(SlowOnce, { id, log: log() })));
    proxy.holdUpAnswers('xread');
    const first = start(1);
    await starts(1);
    await until(async () => (await server.cli('llen', 'tidemark.jobs:work:active')) === '0');
    await server.cli('config', 'set', 'maxmemory', '1');
    const second = await start(2);
    await server.cli('config', 'set', 'maxmemory', '0');
    const third = start(3);
    await starts(2);
    proxy.heal();
    expect(second.error.message).toMatch('its memory is full');
    expect([await first, await third].map(({ summary }) => summary.ran)).toEqual([1, 1]);
    expect(linesOf(log())).toHaveLength(2);
  });

  describe.each(breaks)('that breaks (%s)', (fault) => {
    it.each(kinds)(
      'between a worker and Redis for longer than its lock gives its task to another: %s',
      async (_, Task) => {
        const cutOff = await cluster.worker({}, proxy.uri);
        const run = cluster.runner().start(task(Task, { log: log(), takes: 1_500 }));
        const outcome = outcomeOf(run);
        await starts(1);
        proxy[fault]();
        const other = await cluster.worker();
        const { result, summary } = await outcome;
        proxy.heal();
        expect([result.slice(0, 6), summary.ran + summary.loaded, summary.failed]).toEqual(['slow 0', 1, 0]);
        expect(new Set(linesOf(log()))).toEqual(new Set([cutOff, other].map(({ process }) => String(process.pid))));
      },
    );

    it('between a worker and Redis leaves a worker that goes on once it is back', async () => {
      await cluster.worker({}, proxy.uri);
      const runner = cluster.runner();
      const outcome = outcomeOf(runner.start(task(SlowOnce, { log: log(), takes: 500 })));
      await starts(1);
      proxy[fault]();
      await wait(2_500);
      proxy.heal();
      expect((await outcome).summary).toMatchObject({ ran: 1, failed: 0 });
      expect(await runner.run(task(SlowOnce, { id: 2, log: log() }))).toMatch(/^slow 2/);
    });

    it.each(kinds)('between a runner and Redis for a while costs nothing: %s', async (_, Task) => {
      await cluster.worker(patient);
      const runner = cluster.runner({}, {}, proxy.uri);
      const outcome = outcomeOf(runner.start([1, 2, 3, 4].map((id) => task(Task, { id, log: log(), takes: 400 }))));
      await starts(2);
      proxy[fault]();
      await wait(2_000);
      proxy.heal();
      const { result, error, summary } = await outcome;
      expect([error, result?.length, summary.ran + summary.loaded]).toEqual([undefined, 4, 4]);
      expect(linesOf(log())).toHaveLength(4);
    });

    it('between a runner and Redis for good ends its run, and says so', async () => {
      await cluster.worker();
      const runner = cluster.runner({ patience: 1_000 }, {}, proxy.uri);
      const outcome = outcomeOf(runner.start(task(SlowOnce, { log: log(), takes: 60_000 })));
      await starts(1);
      proxy[fault]();
      expect((await outcome).error.message).toMatch(
        /cannot reach the queues in redis:\/\/127\.0\.0\.1:\d+\/0: .+\. \S/,
      );
      proxy.heal();
    });
  });
});
