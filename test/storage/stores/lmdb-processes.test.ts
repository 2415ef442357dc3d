import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { LmdbStore } from '../../../src/storage/stores/lmdb/lmdb-store';
import { isWhole } from '../../../src/testing/sealed-bytes';
import { Child, runChild } from '../../support/child';
import { temporaryFolder } from '../../support/temporary-folder';

const register = join(__dirname, '../../support/register.js');
const fixture = join(__dirname, 'fixtures/lmdb-write-and-read.ts');
const folder = temporaryFolder();

/** What is left is whole: values, and the lines of those that have come to their end. */
async function check(linesById: ReadonlyMap<string, number>): Promise<void> {
  const store = new LmdbStore(folder.path);
  const { log = new Uint8Array(), ...values } = Object.fromEntries(
    [...store.iterator()].map(([key, value]) => [key.replace('@cleared/', ''), value]),
  );
  expect(Object.values(values).length).toBeGreaterThan(20);
  for (const value of Object.values(values)) expect(isWhole(value)).toBe(true);
  const lines = Buffer.from(log).toString().split('\n');
  for (const [id, count] of linesById)
    expect(lines.filter((line) => line.startsWith(`${id} `))).toEqual(
      Array.from({ length: count }, (_, i) => `${id} ${i}`),
    );
  await store.disconnect();
}

it('loses and mixes nothing while processes write and are killed', async () => {
  const ids = ['a', 'b', 'c'];
  const surviving = ids.map((id) => runChild<number>(fixture, [folder.path, id, '3000']));
  const killed = Array.from({ length: 10 }, async (_, i) => {
    await wait(i * 150);
    const child = new Child(fixture, [folder.path, `killed-${i}`, '9000']);
    await wait(400 + Math.random() * 1200);
    child.process.kill('SIGKILL');
    expect((await child.ended).signal).toBe('SIGKILL');
  });
  const lines = await Promise.all(surviving);
  await Promise.all(killed);
  await check(new Map(ids.map((id, i) => [id, lines[i]!])));
});

// In lmdb 3.5.6 the callback of a write (write_progress in writer.cpp) takes what it gets from a thread that ends for a
// value, which Node 26 no longer gives: the process ends with SIGSEGV.
const canTerminate = Number.parseInt(process.versions.node, 10) < 26;
const whereThreadsEnd = canTerminate ? it : it.skip;

whereThreadsEnd('loses and mixes nothing while threads write and others of them are terminated', async () => {
  const start = (id: string, milliseconds: string) =>
    new Worker(fixture, { workerData: [folder.path, id, milliseconds], execArgv: ['-r', register] });
  const ids = ['a', 'b', 'c'];
  const surviving = ids.map(async (id) => (await once(start(id, '2500'), 'message'))[0] as number);
  const terminated = Array.from({ length: 4 }, async (_, i) => {
    const worker = start(`terminated-${i}`, '9000');
    await wait(800 + i * 300);
    await worker.terminate();
  });
  const lines = await Promise.all(surviving);
  await Promise.all(terminated);
  await check(new Map(ids.map((id, i) => [id, lines[i]!])));
});

it('reports a write that the system refuses, and continues', () => {
  const run = `ulimit -f 2000; exec "${process.execPath}" -r "${register}" "${join(__dirname, 'fixtures/lmdb-no-room.ts')}" "${folder.path}"`;
  const output = execFileSync('bash', ['-c', run], { stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' });
  expect(JSON.parse(output)).toEqual({
    failed: expect.stringMatching(/^cannot write to .* \(Task\/\d+\): the disk (reports an error|is full) \(/),
    appending: expect.stringMatching(/^cannot write to .* \(@cleared\/Task\): /),
    deleted: true,
    first: 200_000,
    smaller: 1000,
    rejections: [],
  });
});
