import { join } from 'node:path';
import { task } from 'tidemark';
import { queueName } from '../../../src/executors/bullmq/protocol/redis-keys';
import { outcomeOf } from '../../support/outcome';
import { describeWithRedis } from '../../support/redis-server';
import { temporaryFolder } from '../../support/temporary-folder';
import { Flaky, Passing } from './fixtures/tasks';
import { driver, linesOf, until } from './support/drivers';
import { workerHere, workerProcess } from './support/workers';

it.each([
  ['gpu', 'gpu'],
  ['a b:c/d', 'a%20b%3Ac%2Fd'],
  ['{x}%', '%7Bx%7D%25'],
  ['größe', 'gr%C3%B6%C3%9Fe'],
])('a queue called %s is %s in BullMQ', (name, encoded) => {
  expect(queueName(name)).toBe(encoded);
});

describeWithRedis('queues', (server) => {
  const folder = temporaryFolder();
  const log = () => join(folder.path, 'log');

  it('run no more at once than they may, across workers', async () => {
    const workers = [await workerProcess(server, { concurrency: 3 }), await workerProcess(server, { concurrency: 3 })];
    const runner = driver(server, {}, { queues: { Counted: { concurrency: 2 } } });
    const other = driver(server, {}, { queues: { Counted: { concurrency: 2 } } });
    let most = 0;
    let isOver = false;
    const watching = (async () => {
      while (!isOver) most = Math.max(most, Number(await server.cli('llen', 'tidemark.jobs:Counted:active')));
    })();
    const refs = (base: number) =>
      Array.from({ length: 10 }, (_, i) => task(Passing, { id: base + i, log: log(), takes: 40 }));
    await Promise.all([runner.run(refs(0)), other.run(refs(100))]);
    isOver = true;
    await watching;
    expect(linesOf(log())).toHaveLength(20);
    expect(most).toBe(2);
    await Promise.all([runner.close(), other.close()]);
    for (const worker of workers) worker.process.kill();
    await Promise.all(workers.map((worker) => worker.ended));
  });

  it('are not taken from by a worker that has no room', async () => {
    const worker = await workerHere(server, { concurrency: 1, queues: ['Counted', 'Flaky', 'large'] });
    const runner = driver(server);
    const running = runner.run([
      task(Passing, { id: 200, log: log(), takes: 500 }),
      task(Passing, { id: 201, log: log() }),
      task(Flaky, { log: log(), fails: 0 }),
    ]);
    await until(() => linesOf(log()).length === 1);
    const { Counted, Flaky: flaky } = await runner.executor.metrics();
    expect([Counted!.active + flaky!.active, Counted!.waiting + flaky!.waiting]).toEqual([1, 2]);
    await running;
    await runner.close();
    await worker.close();
  });

  it('tell how much waits, runs and has failed, and who works', async () => {
    const runner = driver(server, {}, { queues: { Flaky: { concurrency: 5 } } });
    expect(await runner.executor.metrics()).toEqual({ Flaky: { waiting: 0, active: 0, failed: 0, workers: 0 } });
    const worker = await workerHere(server, { queues: ['Flaky'] });
    await expect(runner.run(task(Flaky, { log: log(), fails: 5 }))).rejects.toThrow('attempt 3');
    await until(async () => (await runner.executor.metrics())['Flaky']!.failed === 3);
    expect(await runner.executor.metrics()).toEqual({ Flaky: { waiting: 0, active: 0, failed: 3, workers: 1 } });
    await worker.close();
    expect((await runner.executor.metrics())['Flaky']!.workers).toBe(0);
    await runner.close();
  });

  it('have the limit of the runner again after a run that overrides it', async () => {
    const worker = await workerHere(server, { concurrency: 4 });
    const limit = () => server.cli('hget', 'tidemark.jobs:Counted:meta', 'concurrency');
    const limited = driver(server, {}, { queues: { Counted: { concurrency: 1 } } });
    const given = { executor: limited.executor, concurrency: 3 };
    await limited.run(Passing, { id: 400, log: log() }, { queues: { Counted: given } });
    expect(await limit()).toBe('1');
    const free = driver(server, {}, { queues: { Counted: { concurrency: Number.POSITIVE_INFINITY } } });
    const own = { executor: free.executor, concurrency: 2 };
    const running = free.run(Passing, { id: 401, log: log(), takes: 300 }, { queues: { Counted: own } });
    await until(async () => (await limit()) === '2');
    await running;
    expect(await limit()).toBe('');
    await Promise.all([limited.close(), free.close()]);
    await worker.close();
  });

  it('have their limits again, and lose no job, when Redis is emptied', async () => {
    const worker = await workerHere(server);
    const runner = driver(server, {}, { queues: { Counted: { concurrency: 1 } } });
    const running = runner.run([500, 501, 502].map((id) => task(Passing, { id, log: log(), takes: 300 })));
    await until(() => linesOf(log()).length === 1);
    await server.cli('flushall');
    expect(await running).toEqual(['passed 500', 'passed 501', 'passed 502']);
    expect(await server.cli('hget', 'tidemark.jobs:Counted:meta', 'concurrency')).toBe('1');
    await runner.close();
    await worker.close();
  });

  it('without a worker are told of, and jobs wait for one', async () => {
    const runner = driver(server);
    const run = runner.start(Passing, { id: 300, log: log() });
    const outcome = outcomeOf(run);
    for await (const event of run.events) if (event.type === 'task-logged') break;
    const worker = await workerHere(server);
    const { result, events } = await outcome;
    expect(result).toBe('passed 300');
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'task-logged',
        message:
          'no worker is listening on queue Counted: start one with tidemark worker FILE --queue Counted, or startWorker({ … })',
      }),
    );
    await runner.close();
    await worker.close();
  });
});
