import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Child } from '../../support/child';
import { describeWithRedis } from '../../support/redis-server';
import { temporaryFolder } from '../../support/temporary-folder';

const fixture = join(__dirname, 'fixtures/compute-once.ts');
const folder = temporaryFolder();
const key = 'Choose/0f3a';
const notesFile = () => join(folder.path, 'notes');
const notes = () => (existsSync(notesFile()) ? readFileSync(notesFile(), 'utf8').split('\n').slice(0, -1) : []);

interface Options {
  readonly keys?: readonly string[];
  readonly expiresAfter?: number;
  readonly blocks?: number;
  readonly waits?: number;
}

function start(uri: string, name: string, options: Options = {}): Child {
  const work = { uri, name, notes: notesFile(), keys: [key], expiresAfter: 3000, blocks: 0, waits: 0, ...options };
  return new Child(fixture, [JSON.stringify(work)]);
}

async function noted(line: string): Promise<void> {
  while (!notes().includes(line)) await wait(20);
}

async function resultsOf(child: Child): Promise<string[]> {
  const { code, output } = await child.ended;
  expect(code).toBe(0);
  return JSON.parse(output).results;
}

/** What is so for every store that processes share. */
function test(uri: () => string): void {
  it('computes each of 8 keys once in 8 processes', async () => {
    const keys = Array.from({ length: 8 }, (_, i) => `Choose/${i}`);
    const children = Array.from({ length: 8 }, (_, i) =>
      start(uri(), `p${i}`, { keys, waits: 300, expiresAfter: 15_000 }),
    );
    const results = await Promise.all(children.map(resultsOf));
    expect(new Set(results.map((each) => each.join())).size).toBe(1);
    const computed = notes().filter((line) => line.includes('computes'));
    expect(computed.map((line) => line.split(' ')[2]).sort()).toEqual(keys);
  });

  it('lets another process compute the key of a killed owner', async () => {
    const owner = start(uri(), 'killed', { waits: 60_000 });
    await noted(`killed computes ${key}`);
    const next = start(uri(), 'next');
    await wait(500);
    owner.process.kill('SIGKILL');
    expect(await resultsOf(next)).toEqual([`next ${key}`]);
    expect((await owner.ended).signal).toBe('SIGKILL');
  });

  it('refuses the write of an owner that was suspended for too long, and gives it the result of the next one', async () => {
    const owner = start(uri(), 'stopped', { waits: 1000 });
    await noted(`stopped computes ${key}`);
    owner.process.kill('SIGSTOP');
    const next = start(uri(), 'next');
    expect(await resultsOf(next)).toEqual([`next ${key}`]);
    owner.process.kill('SIGCONT');
    expect(await resultsOf(owner)).toEqual([`next ${key}`]);
    expect(notes()).toContain(`stopped lost ${key}`);
  });

  it('leaves the lease to an owner whose event loop is blocked', async () => {
    const owner = start(uri(), 'blocked', { blocks: 9000, expiresAfter: 6000 });
    await noted(`blocked computes ${key}`);
    const next = start(uri(), 'next');
    expect(await resultsOf(next)).toEqual([`blocked ${key}`]);
    expect(await resultsOf(owner)).toEqual([`blocked ${key}`]);
    expect(notes()).toEqual([`blocked computes ${key}`, `blocked wrote ${key}`]);
  });
}

describe('leases in files', () => test(() => `file:${join(folder.path, 'store')}`));

it('frees the lease of a killed owner at once on the same machine', async () => {
  const uri = `file:${join(folder.path, 'store')}`;
  const owner = start(uri, 'killed', { waits: 60_000, expiresAfter: 3_600_000 });
  await noted(`killed computes ${key}`);
  const next = start(uri, 'next', { expiresAfter: 3_600_000 });
  await wait(300);
  owner.process.kill('SIGKILL');
  expect(await resultsOf(next)).toEqual([`next ${key}`]);
});

describeWithRedis('leases in Redis', (server) => {
  afterEach(() => server.cli('flushall'));
  test(() => server.uri());
});
