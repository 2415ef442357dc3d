import { resolve } from 'node:path';
import { outcomeOf } from '../../support/outcome';
import { describeWithRedis } from '../../support/redis-server';
import { Flaky, Passing, Versioned } from './fixtures/tasks';
import { driver } from './support/drivers';
import { workerHere, workerProcess } from './support/workers';

const oldTasks = resolve(__dirname, 'fixtures/old-tasks.ts');

describeWithRedis('workers with other code', (server) => {
  it('do not take the job of a task of another version, and it is said what each has', async () => {
    const worker = await workerProcess(server, { modules: [oldTasks], queues: ['Versioned', 'Counted'] });
    const runner = driver(server);
    await expect(runner.run(Versioned)).rejects.toThrow(
      /no worker of queue Versioned can run Versioned version 2: \S+\/\d+ has version 1; start workers with today's code/,
    );
    await expect(runner.run(Passing)).rejects.toThrow(
      /no worker of queue Counted can run Passing: \S+\/\d+ has no Passing; start workers with today's code/,
    );
    await runner.close();
    worker.process.kill();
    expect((await worker.ended).code).toBe(0);
  });

  it('leave it to one that has that version', async () => {
    const old = await workerProcess(server, { modules: [oldTasks], queues: ['Versioned'], concurrency: 3 });
    const worker = await workerHere(server, { queues: ['Versioned'] });
    const runner = driver(server);
    for (let i = 0; i < 4; i++) expect(await runner.run(Versioned)).toBe('version 2');
    await runner.close();
    await worker.close();
    old.process.kill();
    await old.ended;
  });

  it('are not worth another attempt', async () => {
    const worker = await workerProcess(server, { modules: [oldTasks], queues: ['Flaky'] });
    const runner = driver(server);
    const { error } = await outcomeOf(runner.start(Flaky, {}));
    expect(error.errors[0]).toMatchObject({ attempts: 1, cause: { name: 'QueueError', mayRetry: false } });
    await runner.close();
    worker.process.kill();
    await worker.ended;
  });
});
