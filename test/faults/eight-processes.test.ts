import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Storage } from 'tidemark';
import { Child } from '../support/child';
import { collect } from '../support/collect';
import { describeWithRedis } from '../support/redis-server';
import { temporaryFolder } from '../support/temporary-folder';
import { isSealed, type Sealed } from './support/sealed-value';

const fixture = join(__dirname, 'fixtures/save-and-read.ts');
const folder = temporaryFolder();

/** Eight processes save, read and delete for four seconds, half of them until they are killed. */
async function expectAllRight(uri: string): Promise<void> {
  const surviving = ['a', 'b', 'c', 'd'].map((id) => new Child(fixture, [uri, id, '4000']));
  const killed = ['e', 'f', 'g', 'h'].map(async (id, i) => {
    const child = new Child(fixture, [uri, id, '60000']);
    await wait(2200 + i * 500);
    child.process.kill('SIGKILL');
    return (await child.ended).signal;
  });
  const ended = await Promise.all(surviving.map((child) => child.ended));
  expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  expect(ended.reduce((read, { output }) => read + Number(output), 0)).toBeGreaterThan(40);
  expect(await Promise.all(killed)).toEqual(Array(4).fill('SIGKILL'));
  await expectAllSealed(Storage.open(uri));
}

async function expectAllSealed(storage: Storage): Promise<void> {
  const records = await collect(storage.list());
  for (const { key } of records) expect([key, isSealed(key, (await storage.get(key)) as Sealed)]).toEqual([key, true]);
  expect(records.length).toBeGreaterThan(15);
  await storage.close();
}

it.each(['file', 'lmdb'])(
  '%s: all that is read is right, while processes save the same and are killed',
  async (scheme) => {
    await expectAllRight(`${scheme}:${folder.path}/store`);
  },
);

describeWithRedis('with a redis-server', (server) => {
  it('redis: every read is right, while processes save the same keys and are killed', async () => {
    await expectAllRight(server.uri());
  });
});
