import { join } from 'node:path';
import { task } from 'tidemark';
import { linesOf } from '../../executors/bullmq/support/drivers';
import { outcomeOf } from '../../support/outcome';
import { describeWithRedis } from '../../support/redis-server';
import { temporaryFolder } from '../../support/temporary-folder';
import { Slow, SlowOnce } from './fixtures/tasks';
import { Cluster } from './support/cluster';

const kinds = [
  ['saved', Slow],
  ['not saved', SlowOnce],
] as const;
/** Four times as long as a lock lasts. */
const takes = 4_000;

describeWithRedis('a task that computes without a pause for four times the lock', (server) => {
  const folder = temporaryFolder();
  const log = () => join(folder.path, 'log');
  let cluster: Cluster;
  beforeEach(() => void (cluster = new Cluster(server)));
  afterEach(async () => {
    await cluster.close();
    await server.cli('flushall');
  });

  it.each((['threads', 'processes'] as const).flatMap((executor) => kinds.map((kind) => [executor, ...kind] as const)))(
    'is run once by a worker with %s, although another one has nothing to do: %s',
    async (executor, _, Task) => {
      await Promise.all([1, 2].map(() => cluster.worker({ executor })));
      const runner = cluster.runner();
      // What a worker loads for its first task may take it longer than a lock lasts, on a machine with much to do.
      await runner.run([1, 2].map((id) => task(SlowOnce, { id, log: join(folder.path, 'first'), takes: 300 })));
      const { result, summary } = await outcomeOf(runner.start(task(Task, { log: log(), takes, isBusy: true })));
      expect([result.slice(0, 6), summary.ran, summary.failed]).toEqual(['slow 0', 1, 0]);
      expect(linesOf(log())).toHaveLength(1);
    },
  );

  it.each(kinds)('blocks a worker that runs it in line, and counts once: %s', async (_, Task) => {
    // Each is lost while it computes, and may be taken for that several times until one comes to its end.
    await Promise.all([1, 2].map(() => cluster.worker({ executor: 'inline', maxStalledCount: 10 })));
    const { result, summary } = await outcomeOf(
      cluster.runner().start(task(Task, { log: log(), takes, isBusy: true })),
    );
    expect([result.slice(0, 6), summary.ran + summary.loaded, summary.failed]).toEqual(['slow 0', 1, 0]);
  });
});
