import { existsSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TaskContext, TaskDirectory, task, typediContainer } from 'tidemark';
import { type EncodedResult } from 'tidemark/extend';
import { bullmq } from '../../../src/executors/bullmq/bullmq';
import type { TidemarkWorker } from '../../../src/executors/bullmq/worker/worker';
import { graphOf } from '../../graph/graph-of';
import { describeWithRedis } from '../../support/redis-server';
import { temporaryFolder } from '../../support/temporary-folder';
import { Fills } from './fixtures/tasks';
import { workerHere } from './support/workers';

describeWithRedis('the directory of a task on a worker', (server) => {
  const folder = temporaryFolder();
  describe('of this machine', () => {
    let worker: TidemarkWorker;
    beforeAll(async () => {
      worker = await workerHere(server);
    });
    afterAll(() => worker.close());

    const fill = async (path: string) => {
      const executor = bullmq({ connection: server.uri() });
      const [node] = (await graphOf(task(Fills, { word: 'x' }))).targets;
      const { signal } = new AbortController();
      const context = { task: 'Fills', attempt: 1, signal, progress() {}, log() {} } as unknown as TaskContext;
      const requirements = [new TaskDirectory(path)];
      try {
        const result = await executor.execute({ node: node!, requirements, context, container: typediContainer });
        return await (result as EncodedResult).value();
      } finally {
        await executor.close();
      }
    };

    it('is filled there', async () => {
      const file = await fill(folder.path);
      expect(file).toBe(join(folder.path, 'word'));
      expect(existsSync(String(file))).toBe(true);
    });

    it('has to be there', async () => {
      const gone = join(dirname(folder.path), 'not-there');
      rmSync(gone, { recursive: true, force: true });
      await expect(fill(gone)).rejects.toThrow(
        /its directory \S+not-there is not on the machine of the worker \S+\/\d+: mount the same folder there/,
      );
    });
  });
});
