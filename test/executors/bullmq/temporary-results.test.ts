import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { type Runner, Storage, task } from 'tidemark';
import { RedisKeys } from '../../../src/executors/bullmq/protocol/redis-keys';
import { TemporaryResults } from '../../../src/executors/bullmq/protocol/temporary-results';
import type { TidemarkWorker } from '../../../src/executors/bullmq/worker/worker';
import { describeWithRedis } from '../../support/redis-server';
import { Changes, Large, Lengths } from './fixtures/tasks';
import { driver, until } from './support/drivers';
import { workerHere } from './support/workers';

describeWithRedis('results that are not saved', (server) => {
  const kept = () => server.cli('--scan', '--pattern', 'tidemark:@passing/*');
  describe('and are large', () => {
    let worker: TidemarkWorker;
    let runner: Runner;
    beforeAll(async () => {
      worker = await workerHere(server, { concurrency: 2 });
    });
    beforeEach(() => void (runner = driver(server)));
    afterEach(() => runner.close());
    afterAll(() => worker.close());

    it('go by way of the storage, and are removed with the run', async () => {
      expect(await runner.run(Lengths)).toEqual([50_000, 60_000]);
      expect(await kept()).toBe('');
      expect(await server.cli('keys', 'tidemark.jobs:@*')).not.toMatch(/@run:|@runs|@passing/);
    });

    it('come as they are when they are what is wanted', async () => {
      expect(await runner.run(task(Large, { size: 10_000, word: 'ab' }))).toBe('ab'.repeat(5_000));
      expect(await kept()).toBe('');
    });

    it('are removed when nobody needs them any more, while the run goes on', async () => {
      const run = runner.start([task(Lengths, { sizes: [70_000] }), task(Large, { size: 80_000 })]);
      const seen = new Set<string>();
      for await (const event of run.events) {
        if (event.type === 'task-finished' && event.node.task === 'Lengths') {
          await until(async () => {
            for (const key of (await kept()).split('\n')) seen.add(key);
            return (await kept()).split('\n').filter(Boolean).length <= 1;
          });
        }
      }
      expect((await run.result).map((one) => one.length)).toEqual([1, 80_000]);
    });

    it('go with jobs and answers when these may be as large', async () => {
      // A storage of its own, of which the worker knows nothing.
      const other = driver(server, { inlineBytes: 1_000_000 }, { storage: 'memory:' });
      expect(await other.run(Lengths)).toEqual([50_000, 60_000]);
      await other.close();
    });

    it('go with jobs where the driver only reads the storage, and saves nothing there', async () => {
      await server.cli('flushdb');
      const other = driver(server, {}, { storage: Storage.open(server.uri(), { readonly: true }) });
      const [square, lengths] = await Promise.all([other.run(task(Changes)), other.run(Lengths)]);
      expect([typeof square, lengths]).toEqual([typeof square, [50_000, 60_000]]);
      await other.close();
      expect(await server.cli('--scan', '--pattern', 'tidemark:Changes/*')).toBe('');
      await server.cli('flushdb');
    });

    it('cannot be handed over by a storage that the worker has not got, which is said', async () => {
      const other = driver(server, {}, { storage: 'memory:' });
      const failing = other.run(task(Large, { size: 90_000 }));
      await expect(failing).rejects.toThrow(/give runner and workers the same (storage|one)/);
      await other.close();
      await server.cli('flushdb');
    });
  });

  it('are removed by a worker when the driver is gone', async () => {
    const keys = new RedisKeys('tidemark.jobs');
    const client = new Redis(server.uri());
    const storage = Storage.open(server.uri());
    const passing = new TemporaryResults(client, keys);
    const [layer] = storage.stack.writes;
    const encoded = await storage.stack.encode('x'.repeat(100_000), undefined);
    const [alive, gone] = [randomUUID(), randomUUID()];
    for (const run of [alive, gone]) await passing.put(layer!, run, encoded.bySerialization[0]![1], undefined);
    await client.set(keys.run(alive), '1');
    await passing.sweep(layer!);
    expect(await kept()).toMatch(new RegExp(`^tidemark:@passing/${alive}\\S*$`));
    await passing.endRun(layer!, alive);
    expect(await kept()).toBe('');
    await storage.close();
    client.disconnect();
  });
});
