import { join } from 'node:path';
import { Storage } from 'tidemark';
import { linesOf } from '../../executors/bullmq/support/drivers';
import { collect } from '../../support/collect';
import { outcomeOf } from '../../support/outcome';
import { describeWithRedis } from '../../support/redis-server';
import { temporaryFolder } from '../../support/temporary-folder';
import { expected, Whole } from './fixtures/tasks';
import { Cluster } from './support/cluster';
import { randomFaults } from './support/random-faults';

const count = 40;
const sums = (seed: number) => Array.from({ length: count }, (_, id) => expected(seed, id).sum);

describeWithRedis('whatever happens to workers and Redis', (server) => {
  const folder = temporaryFolder();
  const log = () => join(folder.path, 'log');
  let cluster: Cluster;
  beforeEach(() => void (cluster = new Cluster(server)));
  afterEach(async () => {
    await cluster.close();
    await server.cli('flushall');
  });

  it.each([1, 2, 3, 4])(
    'a run gives the right result, and counts each task once (%i)',
    async (seed) => {
      const options = { maxStalledCount: 50, concurrency: 2 };
      await Promise.all([1, 2, 3].map(() => cluster.worker(options)));
      const outcome = outcomeOf(cluster.runner().start(Whole, { seed, count, log: log() }));
      const faults = randomFaults(seed, { cluster, server, options });
      const { result, error, summary, events } = await outcome;
      const happened = await faults.stop();
      expect([error?.message, happened.length > 0]).toEqual([undefined, true]);
      expect(result).toEqual(sums(seed));
      expect([summary.ran + summary.loaded, summary.failed, summary.skipped]).toEqual([count + 1, 0, 0]);
      const over = events.filter(({ type }) => type === 'task-finished' || type === 'task-loaded');
      expect(over).toHaveLength(count + 1);
      expect(new Set(linesOf(log())).size).toBe(count);
      await expectAllValid(seed);
    },
    120_000,
  );

  async function expectAllValid(seed: number): Promise<void> {
    const storage = Storage.open(server.uri());
    const records = (await collect(storage.list())).filter(({ task }) => task === 'Kept');
    expect(records).toHaveLength(count / 2);
    for (const { key, params } of records)
      expect(await storage.get(key)).toEqual(expected(seed, (params as { id: number }).id));
    expect(await server.cli('--scan', '--pattern', 'tidemark:@leases/*')).toBe('');
    await storage.close();
  }
});
