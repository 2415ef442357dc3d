import { resolve } from 'node:path';
import { Runner } from 'tidemark';
import { bullmq } from '../../../src/executors/bullmq/bullmq';
import { checkRandomWorlds } from '../../support/random-worlds';
import { describeWithRedis } from '../../support/redis-server';
import { temporaryFolder } from '../../support/temporary-folder';
import { workerProcess } from './support/workers';

const modules = [resolve(__dirname, '../../run/fixtures/random-workers.ts')];

describeWithRedis('workers in other processes', (server) => {
  const folder = temporaryFolder();

  it('run random graphs as a plain evaluation would, within limits that hold for all of them', async () => {
    const queues = ['threads', 'processes'];
    const workers = [
      await workerProcess(server, { modules, queues, concurrency: 3 }),
      await workerProcess(server, { modules, queues, concurrency: 2, executor: 'threads' }),
    ];
    const executor = bullmq({ connection: server.uri(), modules });
    const runner = new Runner({ storage: server.uri(), onWarning: () => {} });
    const places = { runner, threads: executor, processes: executor, folder: folder.path };
    await checkRandomWorlds(places, Number(process.env['RUNS'] ?? 40));
    await runner.close();
    await executor.close?.();
    for (const { process } of workers) process.kill('SIGTERM');
    expect((await Promise.all(workers.map(({ ended }) => ended))).map(({ code }) => code)).toEqual([0, 0]);
  });
});
