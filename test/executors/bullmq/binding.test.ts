import { resolve } from 'node:path';
import { Redis } from 'ioredis';
import { aesGcm, type Encoder, encoder, inline, Param, Runner, Storage, Task, type TaskRef, task } from 'tidemark';
import { bullmq } from '../../../src/executors/bullmq/bullmq';
import { describeWithRedis } from '../../support/redis-server';
import { Kinds, Loop, OwnKey, Product } from './fixtures/bound-tasks';
import { until } from './support/drivers';
import { workerProcess } from './support/workers';

const modules = [resolve(__dirname, 'fixtures/bound-tasks.ts')];
const prefix = 'tidemark.jobs:bound';
const encrypting = () => encoder({ encrypter: aesGcm({ key: 'a passphrase for tests' }) });

interface Outcome {
  readonly result?: unknown;
  readonly error?: string;
}

describeWithRedis('jobs', (server) => {
  let client: Redis;
  const open: { close(): Promise<unknown> }[] = [];
  beforeAll(() => void (client = new Redis(server.uri())));
  afterAll(() => client.disconnect());
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
    await client.flushall();
  });

  const jobIds = async () => (await client.lrange(`${prefix}:wait`, 0, -1)).reverse();
  const dataOf = async (id: string) => (await client.hgetBuffer(`${prefix}:${id}`, 'data'))!;
  const setData = (id: string, data: Buffer | string) => client.hset(`${prefix}:${id}`, 'data', data);

  function runnerWith(ownEncoder?: Encoder): Runner {
    const storage = Storage.open(server.uri(), ownEncoder ? { encoder: ownEncoder } : {});
    const executor = bullmq({ connection: server.uri(), bundle: 1 });
    const runner = new Runner({ executor, storage, queues: { factor: { executor: inline() } }, onWarning: () => {} });
    open.push(storage, runner);
    return runner;
  }

  /** A worker in a process of its own, with a key or without. */
  async function work(isEncrypting = false): Promise<void> {
    const key = isEncrypting ? { passphrase: 'a passphrase for tests' } : {};
    const child = await workerProcess(server, { modules, concurrency: 4, ...key });
    open.push({
      close: () => {
        child.process.kill('SIGTERM');
        return child.ended;
      },
    });
  }

  /** Starts runs, changes their jobs while these wait, and gives what the runs come to. */
  async function changed(
    runner: Runner,
    refs: readonly TaskRef<unknown>[],
    change: (ids: readonly string[]) => Promise<void>,
    isEncrypting = false,
  ): Promise<readonly Outcome[]> {
    const running = refs.map((ref) =>
      runner.run(ref).then(
        (result): Outcome => ({ result }),
        (error: Error): Outcome => ({ error: error.message }),
      ),
    );
    await until(async () => (await jobIds()).length === refs.length);
    await change(await jobIds());
    await work(isEncrypting);
    return Promise.all(running);
  }

  const products = (count: number) => Array.from({ length: count }, (_, id) => task(Product, { id, a: 5 }));
  const right = (id: number) => `${5 * id} literal 123`;

  it.each([
    ['in clear', undefined],
    ['encrypted', encrypting()],
  ])('of which one bit was changed give an error or the right result, and save no other: %s', async (_, ownEncoder) => {
    const count = 80;
    const runner = runnerWith(ownEncoder);
    const outcomes = await changed(
      runner,
      products(count),
      async (ids) => {
        for (const [i, id] of ids.entries()) {
          const data = await dataOf(id);
          // All over the job, and each bit of a byte.
          const at = Math.floor((i * (data.length - 1)) / (count - 1));
          data[at]! ^= 1 << (i % 8);
          await setData(id, data);
        }
      },
      ownEncoder !== undefined,
    );
    const errors = outcomes.flatMap(({ error }) => error ?? []);
    expect(errors.length).toBeGreaterThan(count / 2);
    for (const error of errors) expect(error).toMatch(/not what was written|refuses job|encrypted|no worker of queue/);
    for (const { result } of outcomes) if (result !== undefined) expect(String(result)).toMatch(/^\d+ literal 123$/);
    expect(outcomes.flatMap(({ result }, id) => (result === undefined || result === right(id) ? [] : [id]))).toEqual(
      [],
    );
    expect(await runner.run(products(count))).toEqual(products(count).map((__, id) => right(id)));
  });

  it('that were put in the place of others give errors', async () => {
    const outcomes = await changed(runnerWith(), products(3), async ([first, second]) => {
      const [one, two] = [await dataOf(first!), await dataOf(second!)];
      await setData(first!, two);
      await setData(second!, one);
    });
    expect(outcomes.map(({ result }) => result)).toEqual([undefined, undefined, right(2)]);
    expect(outcomes[0]!.error).toMatch(/not what was written to Redis: it was changed, or belongs elsewhere/);
  });

  describe('of a storage that encrypts', () => {
    it('are refused in clear, once and for all', async () => {
      // The same jobs, as somebody without the key puts them there.
      const plain = new Map<string, Buffer>();
      const other = runnerWith();
      const runs = products(2).map((ref) => other.start(ref));
      await until(async () => (await jobIds()).length === 2);
      for (const id of await jobIds()) plain.set(id, await dataOf(id));
      for (const run of runs) run.cancel();
      await Promise.allSettled(runs.map(({ result }) => result));
      await until(async () => (await jobIds()).length === 0);
      const outcomes = await changed(
        runnerWith(encrypting()),
        products(3),
        async (ids) => {
          for (const id of ids) if (plain.has(id)) await setData(id, plain.get(id)!);
        },
        true,
      );
      expect(outcomes.map(({ result }) => result)).toEqual([undefined, undefined, right(2)]);
      expect(outcomes[0]!.error).toMatch(
        /job Product\S+ of queue bound is not encrypted, and the storage of the worker/,
      );
    });

    it('cannot be read as others, nor as what is said beside them', async () => {
      const outcomes = await changed(
        runnerWith(encrypting()),
        products(4),
        async ([first, second, third]) => {
          const [one, two, three] = [await dataOf(first!), await dataOf(second!), await dataOf(third!)].map(
            (data) => JSON.parse(data.toString()) as Record<string, unknown>,
          );
          await setData(first!, JSON.stringify({ ...one, body: two!['body'] }));
          await setData(second!, JSON.stringify({ ...two, key: one!['key'] }));
          await setData(third!, JSON.stringify({ ...three, isSaved: false }));
        },
        true,
      );
      expect(outcomes.map(({ result }) => result)).toEqual([undefined, undefined, undefined, right(3)]);
      for (const { error } of outcomes.slice(0, 3)) expect(error).toMatch(/is not what was written to Redis: it was/);
    });
  });

  describe('of another program', () => {
    it('that set what is no param, or what a schema refuses, are refused', async () => {
      await work();
      const run = async (cls: object, params: object) => {
        const runner = runnerWith();
        return runner.run(cls as typeof Product, params as never).catch((error: Error) => error.message);
      };
      expect(await run(Own.declares({ n: 1 }), {})).toBe(100);
      expect(await run(Own.declares({ n: 11 }), { n: 11 })).toMatch(/refuses job .*Strict.*n.*(small|10)/s);
      expect(await run(Own.declares({ n: 12 }), {})).toMatch(/refuses job .*n.*(small|10)/s);
      expect(await run(Own.declares({ n: 2, prices: { free: true } }), {})).toMatch(
        /it sets prices of Strict, which is not a param/,
      );
      expect(await run(Own.declares({ n: 3, word: 4 }), {})).toMatch(
        /the param word must be a String, like its default, but is 4/,
      );
      expect(await client.keys('tidemark:Strict/*')).toHaveLength(1);
    });
  });

  it('of every kind are what their keys say', async () => {
    await work(true);
    const runner = runnerWith(encrypting());
    const inProcess = new Runner({ storage: 'memory:', onWarning: () => {} });
    const refs = [
      task(OwnKey, { name: 'a' }),
      task(OwnKey, { name: 'b', aside: 'b' }),
      task(Kinds, { words: 'a,b,c' as never, password: 'hidden' }),
      task(Kinds, { words: 'a' as never, numbers: '7' as never, later: 'x', password: 'hidden', none: 'some' }),
      task(Loop, { n: 3 }),
    ];
    for (const ref of refs as readonly TaskRef<unknown>[])
      expect(await runner.run(ref)).toEqual(await inProcess.run(ref));
  });
});

/** Classes that are called as a task of the worker, with params of their own. */
const Own = {
  declares(defaults: Readonly<Record<string, unknown>>): object {
    class Strict {
      run(): number {
        return 0;
      }
    }
    for (const name of Object.keys(defaults)) Param()(Strict.prototype as never, name as never);
    class WithDefaults extends Strict {
      constructor() {
        super();
        Object.assign(this, defaults);
      }
    }
    return Task({ name: 'Strict', save: true, queue: 'bound' } as never)(WithDefaults as never) ?? WithDefaults;
  },
};
