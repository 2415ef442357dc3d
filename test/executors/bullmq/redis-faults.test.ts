import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Runner, task } from 'tidemark';
import { bullmq } from '../../../src/executors/bullmq/bullmq';
import { launchWorker } from '../../../src/executors/bullmq/worker/start-worker';
import type { Child } from '../../support/child';
import { outcomeOf } from '../../support/outcome';
import { describeWithRedis, RedisServer, startRedis } from '../../support/redis-server';
import { temporaryFolder } from '../../support/temporary-folder';
import { Counted, Passing } from './fixtures/tasks';
import { driver, linesOf, until } from './support/drivers';
import { ownTasksFile, workerProcess } from './support/workers';

const folder = temporaryFolder();
const log = () => join(folder.path, 'log');
const lockDuration = 1_000;
let servers: RedisServer[] = [];
let workers: Child[] = [];

async function redis(options?: ConstructorParameters<typeof RedisServer>[0]): Promise<RedisServer> {
  const server = await startRedis(options);
  servers.push(server);
  return server;
}

async function worker(server: RedisServer, options: object = {}): Promise<void> {
  workers.push(await workerProcess(server, { lockDuration, concurrency: 4, ...options }));
}

afterEach(async () => {
  for (const { process } of workers) process.kill('SIGKILL');
  await Promise.all(workers.map(({ ended }) => ended));
  await Promise.all(servers.map((server) => server.stop()));
  [servers, workers] = [[], []];
});

// Results in files, so that it is the queue alone that loses something.
const files = () => `file:${join(folder.path, 'results')}`;
const many = (Task: typeof Counted, count: number, takes: number) =>
  Array.from({ length: count }, (_, id) => task(Task, { id, log: log(), takes }));

describeWithRedis('a Redis', () => {
  it.each([
    ['saved', Counted],
    ['not saved', Passing],
  ] as const)('that comes back without its data costs no result: %s', async (_, Task) => {
    const server = await redis();
    await worker(server, { storage: files() });
    const runner = driver(server, {}, { storage: files() });
    const running = outcomeOf(runner.start(many(Task as typeof Counted, 12, 300)));
    await until(() => linesOf(log()).length >= 4);
    await server.kill();
    await wait(500);
    await server.start();
    const { result, error, summary } = await running;
    expect(error).toBeUndefined();
    expect(result).toHaveLength(12);
    // What was saved before its answer was lost is loaded.
    expect([summary.ran + summary.loaded, summary.failed]).toEqual([12, 0]);
    await runner.close();
  });

  it('that comes back with its data costs no result', async () => {
    const server = await redis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    await worker(server);
    const runner = driver(server, {}, { storage: files() });
    const running = outcomeOf(runner.start(many(Passing as unknown as typeof Counted, 12, 300)));
    await until(() => linesOf(log()).length >= 4);
    await server.kill();
    await wait(1_500);
    await server.start();
    const { result, error, summary } = await running;
    expect(error).toBeUndefined();
    expect([result.length, summary.ran, summary.failed]).toEqual([12, 12, 0]);
    await runner.close();
  });

  it('that hangs for a while costs no result', async () => {
    const server = await redis();
    await worker(server, { storage: files() });
    const runner = driver(server, {}, { storage: files() });
    const running = outcomeOf(runner.start(many(Counted, 8, 200)));
    await until(() => linesOf(log()).length >= 2);
    server.pause();
    await wait(2_500);
    server.resume();
    const { error, summary } = await running;
    expect(error).toBeUndefined();
    expect([summary.ran + summary.loaded, summary.failed]).toEqual([8, 0]);
    await runner.close();
  });

  it('that cuts all connections costs no result', async () => {
    const server = await redis();
    await worker(server);
    const runner = driver(server);
    const running = outcomeOf(runner.start(many(Counted, 20, 50)));
    for (let i = 0; i < 5; i++) {
      await until(() => linesOf(log()).length >= i * 3);
      await server.cli('client', 'kill', 'type', 'normal');
      await wait(50);
    }
    const { error, summary } = await running;
    expect(error).toBeUndefined();
    expect([summary.ran + summary.loaded, summary.failed]).toEqual([20, 0]);
    await runner.close();
  });

  it('that stays away fails the tasks that wait for it, and says so', async () => {
    const server = await redis();
    await worker(server, { storage: files() });
    const runner = driver(server, { patience: 1_000 }, { storage: files() });
    const running = runner.run(many(Counted, 2, 60_000));
    await until(() => linesOf(log()).length === 2);
    await server.kill();
    await expect(running).rejects.toThrow(/cannot reach the queues in redis:\/\/127.0.0.1:\d+\/0: .*\. \S/);
    await runner.close();
  });

  it.each([
    [
      'is not there',
      () => 'redis://127.0.0.1:1',
      /cannot reach the queues in redis:\/\/127.0.0.1:1\/0: connection refused. Start Redis there./,
    ],
    [
      'asks for a password',
      (server: RedisServer) => `redis://127.0.0.1:${server.port}`,
      /it asks for a password. Put it into the URI./,
    ],
    [
      'has another password',
      (server: RedisServer) => `redis://:wrong@127.0.0.1:${server.port}`,
      /wrong user or password. Put the right ones into the URI./,
    ],
  ])('that %s is told of by the runner and by the worker', async (_, uri, message) => {
    const server = await redis({ password: 'secret' });
    const connection = uri(server);
    const runner = new Runner({ executor: bullmq({ connection }), storage: files() });
    const error = await runner.run(Passing, { log: log() }).catch((thrown) => thrown);
    expect(error.message).toMatch(message);
    expect(error.message).not.toMatch(/wrong@|secret/);
    await runner.close();
    const starting = launchWorker({ modules: [ownTasksFile], connection, storage: files(), stopSignals: [] });
    await expect(starting).rejects.toThrow(message);
  });
});
