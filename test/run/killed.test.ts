import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Storage } from 'tidemark';
import { Child, runChild } from '../support/child';
import { collect } from '../support/collect';
import { temporaryFolder } from '../support/temporary-folder';

const fixture = join(__dirname, 'fixtures/fifty.ts');
const folder = temporaryFolder();

interface Said {
  readonly results: [number, number][];
  readonly ran: number;
  readonly loaded: number;
  readonly storageErrors: number;
}

const expected: [number, number][] = [];
for (let n = 0; n < 50; n++) {
  const before = n >= 5 ? expected[n - 5]![1] + expected[n - 3]![1] : 0;
  expected.push([n % 5 === 0 ? 100_000 : 50, (before + n + 1) % 256]);
}

const ranIn = (at: string) =>
  existsSync(join(at, 'ran.txt')) ? readFileSync(join(at, 'ran.txt'), 'utf8').trim().split('\n') : [];
const savedIn = async (at: string) => (await collect(Storage.open(`file:${join(at, 'store')}`).list())).length;

it.each([1, 2, 3, 4, 5, 6])('computes only what was not saved after kill -9 at some moment (%d)', async () => {
  const child = new Child(fixture, [folder.path, '15']);
  while (ranIn(folder.path).length === 0) await wait(2);
  await wait(Math.random() * 180);
  child.process.kill('SIGKILL');
  expect((await child.ended).signal).toBe('SIGKILL');
  const saved = await savedIn(folder.path);
  rmSync(join(folder.path, 'ran.txt'));
  const { results, ran, loaded, storageErrors } = await runChild<Said>(fixture, [folder.path, '1']);
  expect(results).toEqual(expected);
  expect([ran + loaded, loaded, storageErrors, new Set(ranIn(folder.path)).size]).toEqual([50, saved, 0, 50 - saved]);
});

it('ends right when two processes run the same graph at once', async () => {
  const both = await Promise.all([runChild<Said>(fixture, [folder.path]), runChild<Said>(fixture, [folder.path])]);
  for (const { results, storageErrors } of both) expect([results, storageErrors]).toEqual([expected, 0]);
  const after = await runChild<Said>(fixture, [folder.path]);
  expect([after.results, after.loaded, after.ran]).toEqual([expected, 50, 0]);
});

it('ends right while others run the same graph and are killed', async () => {
  mkdirSync(join(folder.path, 'store'));
  const killed = Array.from({ length: 3 }, async (_, i) => {
    const child = new Child(fixture, [folder.path, '10']);
    await wait(250 + i * 100);
    child.process.kill('SIGKILL');
    await child.ended;
  });
  const { results, storageErrors } = await runChild<Said>(fixture, [folder.path, '8']);
  await Promise.all(killed);
  expect([results, storageErrors]).toEqual([expected, 0]);
});
