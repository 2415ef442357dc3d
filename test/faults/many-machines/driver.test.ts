import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { task } from 'tidemark';
import { linesOf, until } from '../../executors/bullmq/support/drivers';
import { Child } from '../../support/child';
import { outcomeOf } from '../../support/outcome';
import { describeWithRedis } from '../../support/redis-server';
import { temporaryFolder } from '../../support/temporary-folder';
import { expected, SlowOnce, Whole } from './fixtures/tasks';
import { Cluster } from './support/cluster';

const count = 30;
const seed = 7;
const sums = Array.from({ length: count }, (_, id) => expected(seed, id).sum);
const fixture = resolve(__dirname, 'fixtures/drive.ts');

describeWithRedis('a driver', (server) => {
  const folder = temporaryFolder();
  const log = () => join(folder.path, 'log');
  const drive = () => new Child(fixture, [server.uri(), JSON.stringify({ seed, count, log: log() })]);
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = new Cluster(server);
    await cluster.worker({ concurrency: 3 });
  });
  afterEach(async () => {
    await cluster.close();
    await server.cli('flushall');
  });

  it('that is killed again and again leaves what was saved to the next one, and nothing half done', async () => {
    for (const after of [5, 12, 20]) {
      const driver = drive();
      await until(() => new Set(linesOf(log())).size >= after);
      driver.process.kill('SIGKILL');
      await driver.ended;
    }
    const { result, summary } = await outcomeOf(cluster.runner().start(Whole, { seed, count, log: log() }));
    expect([result, summary.failed]).toEqual([sums, 0]);
    // What is saved is computed once, whichever driver asked for it.
    const saved = linesOf(log()).filter((id) => Number(id) % 2 === 0);
    expect(saved).toHaveLength(new Set(saved).size);
  });

  it('that stands still for a while misses no answer', async () => {
    const driver = drive();
    await until(() => linesOf(log()).length >= 5);
    for (let i = 0; i < 3; i++) {
      driver.process.kill('SIGSTOP');
      await wait(1_500);
      driver.process.kill('SIGCONT');
      await wait(200);
    }
    const { code, output } = await driver.ended;
    expect([code, JSON.parse(output)]).toEqual([0, { result: sums, counted: count + 1, failed: 0 }]);
    expect(linesOf(log())).toHaveLength(count);
  });

  it('finds the answers that it missed because they were trimmed', async () => {
    const outcome = outcomeOf(
      cluster.runner().start([1, 2, 3].map((id) => task(SlowOnce, { id, log: log(), takes: 300 }))),
    );
    const trimming = setInterval(() => void server.cli('xtrim', 'tidemark.jobs:work:events', 'maxlen', '0'), 5);
    const { result, summary } = await outcome.finally(() => clearInterval(trimming));
    expect([result.length, summary.ran, summary.failed]).toEqual([3, 3, 0]);
  });
});
