import { resolve } from 'node:path';
import { aesGcm, encoder, Runner, Storage, task } from 'tidemark';
import { bullmq } from '../../../src/executors/bullmq/bullmq';
import { AfterDerived, ByRef, Fetch, Invents, Loop, Pages, Report } from '../../run/fixtures/secret-tasks';
import { outcomeOf } from '../../support/outcome';
import { describeWithRedis, type RedisServer } from '../../support/redis-server';
import { workerHere } from './support/workers';

const secret = 'hunter2-SECRET';
const auth = { user: 'u', pass: secret };
const modules = [resolve(__dirname, '../../run/fixtures/secret-tasks.ts')];
const encrypting = encoder({ encrypter: aesGcm({ key: 'a passphrase for tests' }) });

/** All that a server holds, as text, with what is base64 in it decoded. */
async function dumpOf(server: RedisServer): Promise<string> {
  let text = '';
  for (const key of (await server.cli('keys', '*')).split('\n').filter(Boolean)) {
    const type = (await server.cli('type', key)).trim();
    const read: Record<string, string[]> = {
      string: ['get', key],
      hash: ['hgetall', key],
      list: ['lrange', key, '0', '-1'],
      set: ['smembers', key],
      zset: ['zrange', key, '0', '-1'],
      stream: ['xrange', key, '-', '+'],
    };
    text += `${key} ${await server.cli(...(read[type] ?? ['exists', key]))}\n`;
  }
  return (
    text +
    [...text.matchAll(/[A-Za-z0-9+/]{16,}={0,2}/g)].map(([part]) => Buffer.from(part, 'base64').toString('latin1'))
  );
}

describeWithRedis('secrets', (server) => {
  it.each([
    ['a param', () => task(Fetch, { token: secret }), /param token of Fetch/],
    [
      'a ref in a param',
      () => task(ByRef, { source: task(Fetch, { token: secret }) }),
      /param (source\.)?token of (Fetch|ByRef)/,
    ],
  ])('are refused before they come into Redis in the clear: %s', async (_, make, message) => {
    const executor = bullmq({ connection: server.uri() });
    const runner = new Runner({ storage: 'memory:', executor, onWarning: () => {} });
    const { error } = await outcomeOf(runner.start(make()));
    await runner.close();
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/in the clear.*Storage\.open\(uri, \{ encoder: encoder\(\{ encrypter: aesGcm/);
    expect(await dumpOf(server)).not.toContain(secret);
  });

  it('do not come back from a worker in the clear', async () => {
    const worker = await workerHere(server, { storage: 'memory:', modules });
    const executor = bullmq({ connection: server.uri() });
    const runner = new Runner({ storage: 'memory:', executor, onWarning: () => {} });
    const { error } = await outcomeOf(runner.start(Invents));
    await runner.close();
    await worker.close();
    expect(error.message).toMatch(/the answer of Invents would store a secret in Redis in the clear.*aesGcm/);
    expect(await dumpOf(server)).not.toContain(secret);
  });

  it('go to workers encrypted, and are stored nowhere', async () => {
    const storage = Storage.open(server.uri(), { encoder: encrypting });
    const worker = await workerHere(server, { storage, modules });
    const warnings: string[] = [];
    const executor = bullmq({ connection: server.uri() });
    const runner = new Runner({ storage, executor, onWarning: (text) => void warnings.push(text) });
    try {
      expect(await runner.run(Report, { token: secret })).toBe('14 and 14');
      expect(await runner.run(Pages, { token: secret })).toMatchObject({ list: [14] });
      expect(await runner.run(Loop, { auth })).toBe(14);
      expect(warnings).toEqual([]);
      expect(await runner.run(AfterDerived, { token: secret })).toBe(43);
      expect(warnings).toEqual([
        expect.stringMatching(/result of Derives is not saved/),
        expect.stringMatching(/result of AfterDerived is not saved/),
      ]);
      expect(await dumpOf(server)).not.toContain(secret);
      const again = runner.start(Report, { token: secret });
      expect([await again.result, (await again.summary).ran]).toEqual(['14 and 14', 0]);
      for await (const { task: of } of storage.list()) expect(['Derives', 'AfterDerived']).not.toContain(of);
      for await (const { key } of storage.list()) expect(JSON.stringify(await storage.get(key))).not.toContain(secret);
    } finally {
      await runner.close();
      await worker.close();
      await storage.close();
    }
  });
});
