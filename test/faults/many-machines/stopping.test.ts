import { join } from 'node:path';
import { task } from 'tidemark';
import { linesOf, until } from '../../executors/bullmq/support/drivers';
import { outcomeOf } from '../../support/outcome';
import { describeWithRedis } from '../../support/redis-server';
import { temporaryFolder } from '../../support/temporary-folder';
import { Slow } from './fixtures/tasks';
import { Cluster } from './support/cluster';

describeWithRedis('a run that is told to stop', (server) => {
  const folder = temporaryFolder();
  const log = () => join(folder.path, 'log');

  it('lets what workers run finish, and takes back what still waits in Redis', async () => {
    const cluster = new Cluster(server);
    await cluster.worker();
    const run = cluster.runner().start([1, 2, 3, 4, 5, 6].map((id) => task(Slow, { id, log: log(), takes: 800 })));
    const outcome = outcomeOf(run);
    await until(() => linesOf(log()).length === 1);
    run.stop();
    const { summary } = await outcome;
    // The next one may have begun in the meantime.
    expect(linesOf(log()).length).toBeLessThanOrEqual(2);
    expect(summary.ran).toBe(linesOf(log()).length);
    await cluster.close();
  });
});
