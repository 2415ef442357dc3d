import { join } from 'node:path';
import { Redis } from 'ioredis';
import { task } from 'tidemark';
import type { TidemarkWorker } from '../../../src/executors/bullmq/worker/worker';
import { outcomeOf } from '../../support/outcome';
import { describeWithRedis } from '../../support/redis-server';
import { temporaryFolder } from '../../support/temporary-folder';
import { Counted, Passing, Quick, Versioned } from './fixtures/tasks';
import { driver, linesOf, until } from './support/drivers';
import { workerHere } from './support/workers';

const prefix = 'tidemark.jobs';

describeWithRedis('what is not what was written', (server) => {
  const folder = temporaryFolder();
  const log = () => join(folder.path, 'log');
  let client: Redis;
  let worker: TidemarkWorker | undefined;
  let warnings: string[] = [];
  const start = async (concurrency = 1) => {
    const onWarning = (message: string) => void warnings.push(message);
    worker = await workerHere(server, { concurrency, onWarning, lockDuration: 1_000 });
    return worker;
  };
  beforeAll(() => void (client = new Redis(server.uri())));
  afterAll(() => client.disconnect());
  afterEach(async () => {
    await worker?.close();
    worker = undefined;
    warnings = [];
    await client.flushall();
  });

  const poisons: Readonly<Record<string, (key: string) => unknown>> = {
    'data null': (key) => client.hset(key, 'data', 'null'),
    'data that is no JSON': (key) => client.hset(key, 'data', '{"task":'),
    'empty data': (key) => client.hset(key, 'data', ''),
    'a number': (key) => client.hset(key, 'data', '5'),
    'a text': (key) => client.hset(key, 'data', '"Counted"'),
    'a list': (key) => client.hset(key, 'data', '[null]'),
    'an empty object': (key) => client.hset(key, 'data', '{}'),
    'a task that is no text': (key) => client.hset(key, 'data', '{"task":{},"isSaved":true,"body":"","sum":""}'),
    'jobs that are none': (key) => client.hset(key, 'data', '{"task":"Counted","isSaved":true,"jobs":[null]}'),
    'a sum that is none': (key) => client.hset(key, 'data', '{"task":"Counted","isSaved":true,"json":{},"bytes":[]}'),
    'another body': (key) => client.hset(key, 'data', '{"task":"Counted","isSaved":true,"body":"AAAA","sum":""}'),
    'no data': (key) => client.hdel(key, 'data'),
    'no options': (key) => client.hdel(key, 'opts', 'data'),
    'options null': (key) => client.hset(key, 'opts', 'null'),
    'options that are no JSON': (key) => client.hset(key, 'opts', '{{'),
    'progress that is no JSON': (key) => client.hset(key, 'progress', '{{'),
    'a parent that is no JSON': (key) => client.hset(key, 'parent', '{{'),
    'a text in place of the job': (key) => client.set(key, 'garbage'),
    'a list in place of the job': (key) => client.multi().del(key).rpush(key, 'garbage').exec(),
  };

  it.each([1, 3])('fails its job alone, and the worker goes on: %s at a time', async (concurrency) => {
    const runner = driver(server);
    const names = Object.keys(poisons);
    const refs = names.map((_, id) => task(Counted, { id, log: log() }));
    const good = Array.from({ length: 10 }, (_, n) => task(Counted, { id: 1_000 + n, log: log() }));
    const outcomes = refs.map((ref) => outcomeOf(runner.start(ref)));
    await until(async () => (await client.llen(`${prefix}:Counted:wait`)) === refs.length);
    const ids = (await client.lrange(`${prefix}:Counted:wait`, 0, -1)).reverse();
    for (const [i, name] of names.entries()) await poisons[name]!(`${prefix}:Counted:${ids[i]}`);
    const others = runner.run(good);
    await start(concurrency);
    expect(await others).toEqual(good.map((_, n) => `counted ${1_000 + n}`));
    const errors = await Promise.all(outcomes.map(async (outcome) => (await outcome).error?.message ?? 'none'));
    for (const [i, error] of errors.entries())
      expect([names[i], error]).toEqual([
        names[i],
        expect.stringMatching(/job Counted\S+ of queue Counted (is not what|says is not what) was written to Redis: ./),
      ]);
    expect(errors.join()).not.toMatch(/Cannot read prop|is not iterable/);
    expect(linesOf(log())).toHaveLength(good.length);
    expect(worker!.health).toMatchObject({ running: 0, failed: names.length, done: good.length });
    for (const list of ['wait', 'active', 'failed', 'stalled'])
      expect([list, await client.exists(`${prefix}:Counted:${list}`)]).toEqual([list, 0]);
    await runner.close();
  });

  it('in a bundle has its tasks come one by one', async () => {
    await start();
    const runner = driver(server);
    for (let i = 0; i < 3; i++) await runner.run(Array.from({ length: 30 }, (_, n) => task(Quick, { id: i * 30 + n })));
    await worker!.close();
    const running = runner.run(Array.from({ length: 20 }, (_, n) => task(Quick, { id: 500 + n })));
    await until(async () => (await client.keys(`${prefix}:quick:bundle.*`)).length > 0);
    for (const key of await client.keys(`${prefix}:quick:bundle.*`)) await client.hset(key, 'data', 'null');
    await start();
    expect(await running).toEqual(Array.from({ length: 20 }, (_, n) => (500 + n) * 2));
    await runner.close();
  });

  it('among answers and events fails no other job', async () => {
    const runner = driver(server);
    const run = (id: number) => outcomeOf(runner.start(Passing, { id, log: log() }));
    const outcomes = [1, 2, 3, 4, 5].map(run);
    await until(async () => (await client.llen(`${prefix}:Counted:wait`)) === outcomes.length);
    const [one, two, three, four] = (await client.lrange(`${prefix}:Counted:wait`, 0, -1)).reverse();
    const add = (...fields: string[]) => client.xadd(`${prefix}:Counted:events`, '*', ...fields);
    await add('foo', 'bar');
    await add('event', 'completed');
    await add('event', 'progress', 'jobId', four!, 'data', '{"all":');
    await add('event', 'progress', 'jobId', four!, 'data', 'null');
    await add('event', 'completed', 'jobId', one!, 'returnvalue', 'null');
    await add('event', 'completed', 'jobId', two!, 'returnvalue', '{"json":{"type":"sent"},"bytes":[],"sum":"00"}');
    await add('event', 'failed', 'jobId', three!, 'failedReason', '{"json":null,"body":5}');
    for (const outcome of outcomes.slice(0, 3))
      expect((await outcome).error.message).toMatch(
        /by a program other than a worker of Tidemark|is not what was written/,
      );
    await start();
    const [fourth, fifth] = await Promise.all(outcomes.slice(3));
    expect([fourth!.result, fifth!.result]).toEqual(['passed 4', 'passed 5']);
    expect(fourth!.events).toContainEqual(
      expect.objectContaining({
        type: 'task-logged',
        message: expect.stringMatching('a message of its worker cannot be read: what its task says of job'),
      }),
    );
    await runner.close();
  });

  it('among registrations, heartbeats and cancellations ends no worker', async () => {
    await client.sadd(`${prefix}:@workers`, 'null', 'text', 'list', 'gone');
    await client.set(`${prefix}:@worker:null`, 'null');
    await client.set(`${prefix}:@worker:text`, '{"id":1,"queues":null}');
    await client.rpush(`${prefix}:@worker:list`, 'x');
    await client.hset(`${prefix}:@failed`, 'Counted', 'many');
    await start();
    const runner = driver(server, {}, { queues: { Counted: {} } });
    for (const text of ['null', '{', '5', '{"queue":{},"jobId":1}', '{"queue":"Counted","jobId":"1","reason":null}'])
      await client.publish(`${prefix}:@aborts`, text);
    expect(await runner.run(Passing, { id: 1, log: log() })).toBe('passed 1');
    expect((await runner.executor.metrics())['Counted']).toMatchObject({ failed: 0, workers: 1 });
    // It asks who else there is.
    await client.hset(`${prefix}:Counted:meta`, 'concurrency', 10);
    const old = driver(server);
    const refused = outcomeOf(old.start(Versioned, {}));
    expect((await refused).result).toBe('version 2');
    expect(warnings).toEqual([]);
    await Promise.all([runner.close(), old.close()]);
  });
});
