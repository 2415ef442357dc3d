import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type TaskContext, task, typediContainer } from 'tidemark';
import { type EncodedResult } from 'tidemark/extend';
import { bullmq } from '../../../src/executors/bullmq/bullmq';
import type { TidemarkWorker } from '../../../src/executors/bullmq/worker/worker';
import { graphOf } from '../../graph/graph-of';
import { outcomeOf } from '../../support/outcome';
import { describeWithRedis } from '../../support/redis-server';
import { temporaryFolder } from '../../support/temporary-folder';
import { Busy, Counted, Flaky, Passing, Prints, Timely } from './fixtures/tasks';
import { driver, linesOf, until } from './support/drivers';
import { workerHere } from './support/workers';

describeWithRedis('attempts at tasks', (server) => {
  const folder = temporaryFolder();
  const log = () => join(folder.path, 'log');
  describe('on a worker', () => {
    let worker: TidemarkWorker;
    beforeAll(async () => {
      worker = await workerHere(server, { concurrency: 2 });
    });
    afterAll(() => worker.close());

    it('are made again as often as the task says', async () => {
      const runner = driver(server);
      expect(await runner.run(task(Flaky, { log: log() }))).toBe(3);
      expect(linesOf(log())).toEqual(['1', '2', '3']);
      await runner.close();
    });

    it('end when they take too long, at the worker too', async () => {
      const runner = driver(server);
      await expect(runner.run(task(Timely, { takes: 60_000, log: log() }))).rejects.toThrow(
        'it took longer than its timeout of 300 ms',
      );
      await until(() => linesOf(log()).length === 1);
      expect(await runner.run(task(Timely, { takes: 1 }))).toBe('in time');
      await runner.close();
    });

    it('end when the run is cancelled, those that wait and those that run', async () => {
      const runner = driver(server);
      const refs = [1, 2, 3, 4].map((id) => task(Passing, { id, log: log(), takes: 60_000 }));
      const run = runner.start(refs);
      await until(() => linesOf(log()).length === 2);
      run.cancel(new Error('enough of it'));
      await expect(run.result).rejects.toThrow('enough of it');
      await until(async () => {
        const { Counted: queue } = await runner.executor.metrics();
        return queue!.active + queue!.waiting === 0;
      });
      expect(linesOf(log())).toHaveLength(2);
      await runner.close();
    });
  });

  it('tell which worker makes them, and what it printed', async () => {
    const prints = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    const worker = await workerHere(server, { executor: 'processes' });
    const executor = bullmq({ connection: server.uri() });
    const told: unknown[] = [];
    const listener = {
      started: () => told.push('started'),
      assigned: (name: string) => told.push(name),
      printed: (output: string) => told.push(output),
    };
    const [node] = (await graphOf(task(Prints, { words: 'some words' }))).targets;
    const { signal } = new AbortController();
    const context = { task: 'Prints', attempt: 1, signal, progress() {}, log() {} } as unknown as TaskContext;
    const result = executor.execute({ node: node!, requirements: [], context, container: typediContainer, listener });
    expect(await ((await result) as EncodedResult).value()).toBe('some words');
    expect(told).toEqual(['started', worker.name, 'some words\n']);
    await executor.close();
    await worker.close();
    prints.mockRestore();
  });

  it('keep their lock while a thread computes without a pause', async () => {
    const worker = await workerHere(server, { executor: 'threads', lockDuration: 400, concurrency: 2 });
    const runner = driver(server);
    expect(await runner.run(task(Busy, { log: log(), takes: 2_000 }))).toMatch(/^busy in thread [1-9]/);
    expect(linesOf(log())).toHaveLength(1);
    await runner.close();
    await worker.close();
  });

  it('are finished by a worker that is closed', async () => {
    const worker = await workerHere(server, { concurrency: 2 });
    const runner = driver(server);
    const running = runner.run(task(Counted, { id: 10, log: log(), takes: 500 }));
    await until(() => linesOf(log()).length === 1);
    await worker.close();
    expect([await running, worker.health.done]).toEqual(['counted 10', 1]);
    await runner.close();
  });

  it('are not begun again when they are handed back to a run that was stopped', async () => {
    const worker = await workerHere(server);
    const runner = driver(server);
    const run = runner.start(task(Counted, { id: 12, log: log(), takes: 60_000 }));
    await until(() => linesOf(log()).length === 1);
    await worker.close({ handBack: true });
    run.stop();
    await expect(run.result).rejects.toThrow('the run was stopped');
    await runner.close();
  });

  it('are said to be made by the worker that makes them, also when another one has handed them back', async () => {
    const first = await workerHere(server);
    const runner = driver(server);
    const outcome = outcomeOf(runner.start(task(Counted, { id: 13, log: log(), takes: 300 })));
    await until(() => linesOf(log()).length === 1);
    await wait(150);
    await first.close({ handBack: true });
    const second = await workerHere(server);
    const { events } = await outcome;
    const assigned = events.filter(({ type }) => type === 'task-assigned');
    // Both are this process, and so are called the same.
    expect([assigned.length, first.name]).toEqual([2, second.name]);
    await runner.close();
    await second.close();
  });

  it('are handed back at once when that is asked for, and made by another worker', async () => {
    const worker = await workerHere(server, { concurrency: 2 });
    const runner = driver(server);
    const running = runner.run(task(Counted, { id: 11, log: log(), takes: 1_500 }));
    await until(() => linesOf(log()).length === 1);
    void worker.close();
    await wait(50);
    await worker.close({ handBack: true });
    const next = await workerHere(server);
    expect(await running).toBe('counted 11');
    expect(linesOf(log())).toHaveLength(2);
    await runner.close();
    await next.close();
  });
});
