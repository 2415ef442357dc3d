import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { aesGcm, encoder, Runner, Storage, task } from 'tidemark';
import { bullmq } from '../../../src/executors/bullmq/bullmq';
import type { TidemarkWorker } from '../../../src/executors/bullmq/worker/worker';
import { outcomeOf } from '../../support/outcome';
import { describeWithRedis, type RedisServer } from '../../support/redis-server';
import { Secret, UsesSecret } from './fixtures/tasks';
import { until } from './support/drivers';
import { workerHere } from './support/workers';

const secret = encoder({ encrypter: aesGcm({ key: 'a passphrase for tests' }) });

describeWithRedis('a storage that encrypts', (server) => {
  describe('and its workers', () => {
    let worker: TidemarkWorker;
    let storage: Storage;
    beforeAll(async () => {
      storage = Storage.open(server.uri(), { encoder: secret });
      worker = await workerHere(server, { storage });
    });
    afterAll(async () => {
      await worker.close();
      await storage.close();
    });

    it('let nothing of params, results, logs and errors be seen in Redis', async () => {
      const monitor = await Monitor.of(server);
      const runner = new Runner({ executor: bullmq({ connection: server.uri() }), storage });
      const { result, events } = await outcomeOf(runner.start(task(UsesSecret, { word: 'PLAINLY' })));
      const failed = await outcomeOf(runner.start(task(Secret, { word: 'PLAINLY', fails: true })));
      expect(result).toMatch(/^PLAINLYPLAINLY x/);
      expect(failed.error.message).toContain('no PLAINLY');
      expect(JSON.stringify([events, failed.events])).toContain('about PLAINLY');
      // Soon they go there many at a time.
      for (let i = 0; i < 3; i++) {
        const words = Array.from({ length: 40 }, (_, n) => `PLAINLY${i}.${n}`);
        expect(await runner.run(words.map((word) => task(Secret, { word })))).toEqual(
          words.map((word) => word.repeat(2)),
        );
      }
      await runner.close();
      const seen = await monitor.end();
      expect(seen.includes('tidemark.jobs:@answers:')).toBe(true);
      expect(seen).toContain('UsesSecret');
      expect(seen).not.toMatch(/PLAINLY/);
      expect(decoded(seen)).not.toMatch(/PLAINLY/);
    });

    it('ask again for many at a time that a worker took for unwanted', async () => {
      const executor = bullmq({ connection: server.uri() });
      const runner = new Runner({ executor, storage, queues: { secret: { executor } } });
      const refs = (text: string) => Array.from({ length: 40 }, (_, n) => task(Secret, { word: `${text}${n}` }));
      for (const text of ['a', 'b', 'c']) await runner.run(refs(text));
      await worker.close();
      const running = runner.run(refs('d'));
      await until(async () => (await server.cli('llen', 'tidemark.jobs:secret:wait')) !== '0');
      // As when the driver stood still for long.
      const key = await server.cli('keys', 'tidemark.jobs:@run:*');
      await server.cli('del', key);
      worker = await workerHere(server, { storage });
      const [result] = await Promise.all([running, wait(300).then(() => server.cli('set', key, '1'))]);
      expect(result).toHaveLength(40);
      await runner.close();
    });

    it('say what is missing when the runner has no key', async () => {
      const runner = new Runner({ executor: bullmq({ connection: server.uri() }), storage: server.uri() });
      await expect(runner.run(task(Secret, { word: 'open' }))).rejects.toThrow(
        /no key was given|not encrypted|encrypted \(aes/,
      );
      await runner.close();
    });
  });

  it('is told by a worker without the key that this is missing', async () => {
    const worker = await workerHere(server);
    const storage = Storage.open(server.uri(), { encoder: secret });
    const runner = new Runner({ executor: bullmq({ connection: server.uri() }), storage });
    await expect(runner.run(task(Secret, { word: 'closed' }))).rejects.toThrow(
      /it is encrypted \(aes-256-gcm, key \w+\), and no key was given here/,
    );
    await runner.close();
    await worker.close();
    await storage.close();
  });
});

/** What base64 in a text says. */
function decoded(text: string): string {
  return [...text.matchAll(/[A-Za-z0-9+/]{24,}={0,2}/g)]
    .map(([base64]) => Buffer.from(base64, 'base64').toString('latin1'))
    .join('\n');
}

/** Everything that a Redis is asked. */
class Monitor {
  #seen = '';
  readonly #process;

  private constructor(server: RedisServer) {
    this.#process = spawn('redis-cli', ['-p', String(server.port), 'monitor'], { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#process.stdout.on('data', (text) => void (this.#seen += text));
  }

  static async of(server: RedisServer): Promise<Monitor> {
    const monitor = new Monitor(server);
    await until(() => monitor.#seen.includes('OK'));
    return monitor;
  }

  async end(): Promise<string> {
    this.#process.kill();
    await once(this.#process, 'close');
    return this.#seen;
  }
}
