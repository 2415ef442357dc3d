import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { task } from 'tidemark';
import type { Child } from '../../support/child';
import { outcomeOf } from '../../support/outcome';
import { describeWithRedis } from '../../support/redis-server';
import { temporaryFolder } from '../../support/temporary-folder';
import { Counted, Passing } from './fixtures/tasks';
import { driver, linesOf, until } from './support/drivers';
import { workerProcess } from './support/workers';

const lockDuration = 1_000;

describeWithRedis('a worker', (server) => {
  const folder = temporaryFolder();
  const log = () => join(folder.path, 'log');
  let workers: Child[] = [];
  const start = async (options: Parameters<typeof workerProcess>[1] = {}) => {
    const worker = await workerProcess(server, { lockDuration, leased: 1_000, ...options });
    workers.push(worker);
    return worker;
  };
  afterEach(async () => {
    for (const { process } of workers) process.kill('SIGKILL');
    await Promise.all(workers.map((worker) => worker.ended));
    workers = [];
  });

  it.each([
    ['saved', Counted],
    ['not saved', Passing],
  ] as const)('that is killed in the middle of a task loses it to another one: %s', async (_, Task) => {
    const first = await start();
    const runner = driver(server);
    const running = outcomeOf(runner.start(task(Task, { id: 1, log: log(), takes: 600 })));
    await until(() => linesOf(log()).length === 1);
    first.process.kill('SIGKILL');
    const second = await start();
    const { result, summary } = await running;
    expect([result, summary.ran, summary.failed]).toEqual([expect.stringMatching(/ed 1$/), 1, 0]);
    expect(linesOf(log())).toEqual([String(first.process.pid), String(second.process.pid)]);
    await runner.close();
  });

  it('that stands still for longer than its lock overwrites nothing when it goes on', async () => {
    const first = await start();
    const runner = driver(server);
    const running = outcomeOf(runner.start(task(Counted, { id: 2, log: log(), takes: 500 })));
    await until(() => linesOf(log()).length === 1);
    first.process.kill('SIGSTOP');
    await start();
    const { result, summary } = await running;
    const [before] = await server.cli('--scan', '--pattern', 'tidemark:Counted/*').then((keys) => keys.split('\n'));
    const saved = await server.cli('get', before!);
    first.process.kill('SIGCONT');
    await wait(1_500);
    expect([result, summary.ran]).toEqual(['counted 2', 1]);
    expect(await server.cli('get', before!)).toBe(saved);
    expect(linesOf(log())).toHaveLength(2);
    // It goes on with others.
    expect(await runner.run(task(Counted, { id: 3, log: log() }))).toBe('counted 3');
    await runner.close();
  });

  it('that a task kills again and again fails that task, which is said with the names of workers', async () => {
    const runner = driver(server);
    const running = outcomeOf(runner.start(task(Passing, { id: 4, log: log(), takes: 60_000 })));
    for (let i = 1; i <= 2; i++) {
      const worker = await start({ maxStalledCount: 1 });
      await until(() => linesOf(log()).length === i);
      await wait(300);
      worker.process.kill('SIGKILL');
      await worker.ended;
    }
    await start({ maxStalledCount: 1 });
    const { error } = await running;
    expect(error.message).toMatch(
      /the workers that ran it were lost \(\S+\/\d+, \S+\/\d+\), 2 times in a row: they ended, or did not renew their locks for 1 s/,
    );
    await runner.close();
  });

  it('that is told to stop finishes what it runs and ends with code 0', async () => {
    const worker = await start();
    const runner = driver(server);
    const running = runner.run(task(Counted, { id: 5, log: log(), takes: 500 }));
    await until(() => linesOf(log()).length === 1);
    worker.process.kill('SIGTERM');
    expect(await running).toBe('counted 5');
    expect(await worker.ended).toMatchObject({ code: 0, signal: null });
    await runner.close();
  });

  it('that is told to stop twice hands back what it runs', async () => {
    const worker = await start();
    const runner = driver(server);
    const running = runner.run(task(Counted, { id: 6, log: log(), takes: 3_000 }));
    await until(() => linesOf(log()).length === 1);
    worker.process.kill('SIGTERM');
    await wait(200);
    worker.process.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    expect(linesOf(log())).toHaveLength(1);
    await start();
    expect(await running).toBe('counted 6');
    await runner.close();
  });
});
