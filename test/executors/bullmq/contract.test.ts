import { describeExecutor } from 'tidemark/testing';
import { bullmq } from '../../../src/executors/bullmq/bullmq';
import type { TidemarkWorker } from '../../../src/executors/bullmq/worker/worker';
import type { Child } from '../../support/child';
import { describeWithRedis } from '../../support/redis-server';
import { tasksFile, workerHere, workerProcess } from './support/workers';

describeWithRedis('with a worker', (server) => {
  const options = { storage: () => server.uri() };

  describe('in this process', () => {
    let worker: TidemarkWorker;
    beforeAll(async () => (worker = await workerHere(server, { modules: [tasksFile], concurrency: 4 })));
    afterAll(() => worker.close());
    describeExecutor('bullmq', () => bullmq({ connection: server.uri(), modules: [tasksFile] }), options);
  });

  describe('in another process, which uses threads', () => {
    let worker: Child;
    beforeAll(async () => {
      worker = await workerProcess(server, { modules: [tasksFile], executor: 'threads', concurrency: 2 });
    });
    afterAll(() => worker.process.kill('SIGKILL'));
    describeExecutor('bullmq', () => bullmq({ connection: server.uri(), modules: [tasksFile] }), options);
  });
});
