import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Child, runChild } from '../support/child';
import { temporaryFolder } from '../support/temporary-folder';

const fixture = resolve(__dirname, 'fixtures/use-pool.ts');
const folder = temporaryFolder();

it.each(['threads', 'processes'])('a program that used %s ends by itself, and so do they', async (kind) => {
  const { sums, pids } = await runChild<{ sums: number[]; pids: number[] }>(fixture, [kind, 'done', folder.path]);
  expect(sums).toEqual([3, 7]);
  await allGone(pids);
});

it.each(['SIGKILL', 'SIGTERM'] as const)(
  'processes end when their parent dies of %s, even in a busy loop',
  async (signal) => {
    const child = new Child(fixture, ['processes', 'busy', folder.path]);
    const [line] = (await once(child.process.stdout!, 'data')) as [Buffer];
    const { pids } = JSON.parse(line.toString()) as { pids: number[] };
    expect(pids.filter(isAlive)).toHaveLength(pids.length);
    child.process.kill(signal);
    await allGone(pids);
  },
);

async function allGone(pids: readonly number[]): Promise<void> {
  for (let i = 0; i < 500 && pids.some(isAlive); i++) await wait(10);
  expect(pids.filter(isAlive)).toEqual([]);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
