import { join } from 'node:path';
import type { TidemarkWorker } from '../../../src/executors/bullmq/worker/worker';
import { outcomeOf } from '../../support/outcome';
import { describeWithRedis } from '../../support/redis-server';
import { temporaryFolder } from '../../support/temporary-folder';
import { Changes, Counted, Hangs, Passing } from './fixtures/tasks';
import { driver, driverProcess, linesOf, until } from './support/drivers';
import { workerHere } from './support/workers';

describeWithRedis('runs that share workers', (server) => {
  const folder = temporaryFolder();
  const log = () => join(folder.path, 'log');
  describe('and a storage', () => {
    let worker: TidemarkWorker;
    beforeAll(async () => {
      worker = await workerHere(server, { concurrency: 4 });
    });
    afterAll(() => worker.close());

    it('run once what two of them want at the same time, and both get it', async () => {
      const [one, other] = [driver(server), driver(server)];
      const params = { id: 1, log: log(), takes: 300 };
      const results = await Promise.all([one.run(Counted, params), other.run(Counted, params)]);
      expect(results).toEqual(['counted 1', 'counted 1']);
      expect(linesOf(log())).toHaveLength(1);
      await Promise.all([one.close(), other.close()]);
    });

    it('load what a worker saved', async () => {
      const runner = driver(server);
      const params = { id: 2, log: log() };
      await runner.run(Counted, params);
      const { result, summary } = await outcomeOf(runner.start(Counted, params));
      expect([result, summary.ran, summary.loaded]).toEqual(['counted 2', 0, 1]);
      expect(linesOf(log())).toHaveLength(1);
      await runner.close();
    });

    it('run twice what is not saved', async () => {
      const [one, other] = [driver(server), driver(server)];
      const params = { id: 3, log: log(), takes: 100 };
      await Promise.all([one.run(Passing, params), other.run(Passing, params)]);
      expect(linesOf(log())).toHaveLength(2);
      await Promise.all([one.close(), other.close()]);
    });

    it('compute anew what is forced', async () => {
      const runner = driver(server);
      const params = { id: 4, log: log() };
      await runner.run(Counted, params);
      expect(await runner.run(Counted, params, { force: true })).toBe('counted 4');
      expect(linesOf(log())).toHaveLength(2);
      await runner.close();
    });

    it('run again what was cleared', async () => {
      const runner = driver(server);
      const params = { id: 5, log: log() };
      await runner.run(Counted, params);
      await runner.clear(Counted, params);
      await runner.run(Counted, params);
      expect(linesOf(log())).toHaveLength(2);
      await runner.close();
    });

    it('go on for one of them when the other does not want it any more', async () => {
      const [one, other] = [driver(server), driver(server)];
      const params = { id: 6, log: log(), takes: 2000 };
      const first = one.start(Counted, params);
      await until(() => linesOf(log()).length === 1);
      const second = other.run(Counted, params);
      await until(async () =>
        (await server.cli('xrevrange', 'tidemark.jobs:Counted:events', '+', '-', 'count', '1')).includes('duplicated'),
      );
      first.cancel(new Error('enough'));
      await expect(first.result).rejects.toThrow('enough');
      expect(await second).toBe('counted 6');
      await Promise.all([one.close(), other.close()]);
    });

    it('find what a driver that was killed had begun', async () => {
      const params = { id: 7, log: log(), takes: 800 };
      const killed = driverProcess(server, params);
      await until(() => linesOf(log()).length === 1);
      killed.process.kill('SIGKILL');
      await killed.ended;
      const runner = driver(server);
      expect(await runner.run(Counted, params)).toBe('counted 7');
      expect(linesOf(log())).toHaveLength(1);
      await runner.close();
    });

    it('have a timeout for what a driver that was killed had begun, and know who has it', async () => {
      const params = { id: 9, log: log() };
      const killed = driverProcess(server, params, 'Hangs');
      await until(() => linesOf(log()).length === 1);
      killed.process.kill('SIGKILL');
      await killed.ended;
      const runner = driver(server);
      const { error, events } = await outcomeOf(runner.start(Hangs, params));
      expect(error.message).toContain('it took longer than its timeout of 1500 ms');
      expect(events).toContainEqual(expect.objectContaining({ type: 'task-assigned', worker: worker.name }));
      expect(linesOf(log())).toHaveLength(1);
      await runner.close();
    });

    it('leave no worker with what hangs when all drivers are gone', async () => {
      // What hung before may be about to be ended.
      await until(() => worker.health.running === 0);
      const killed = driverProcess(server, { id: 10, log: log() }, 'Hangs');
      await until(() => linesOf(log()).length === 1);
      killed.process.kill('SIGKILL');
      await killed.ended;
      expect(worker.health.running).toBe(1);
      await until(() => worker.health.running === 0);
    });

    it('do not save what changed while it was read', async () => {
      const runner = driver(server);
      const steady = await outcomeOf(runner.start(Changes, {}));
      expect([steady.result, steady.summary.saved]).toEqual(['result', 1]);
      const changed = await outcomeOf(runner.start(Changes, { changes: true }));
      expect([changed.result, changed.summary.saved]).toEqual(['result', 0]);
      expect(changed.summary.warnings.join()).toMatch(/changed while it ran/);
      await runner.close();
    });

    it('end by themselves when they are not closed', async () => {
      const params = { id: 8, log: log() };
      const { code, output } = await driverProcess(server, params).ended;
      expect([code, JSON.parse(output).result]).toEqual([0, 'counted 8']);
    });
  });
});
