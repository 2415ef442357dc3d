import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Runner, Storage } from 'tidemark';
import { collect } from '../support/collect';
import { describeWithRedis } from '../support/redis-server';
import { temporaryFolder } from '../support/temporary-folder';
import { writeAll } from './fixtures/redis-dump';
import { cleared, directories, encrypting, saved } from './fixtures/saved-tasks';

const fixtures = join(__dirname, 'fixtures/tidemark2');
const folder = temporaryFolder();

/** A copy, since a run removes leftovers of other processes. */
function copyOf(name: string): string {
  cpSync(join(fixtures, name), folder.path, { recursive: true });
  return `file:${folder.path}`;
}

function runnerOn(storage: Storage): { runner: Runner; warnings: string[] } {
  const warnings: string[] = [];
  const runner = new Runner({ storage, sourceChange: 'ignore', onWarning: (message) => warnings.push(message) });
  return { runner, warnings };
}

/** Expects each target to be loaded, in its own run, as it was saved. */
async function expectAllLoaded(storage: Storage): Promise<void> {
  const { runner, warnings } = runnerOn(storage);
  for (const [name, [target, result]] of Object.entries(saved)) {
    const run = runner.start(target);
    expect({ name, result: await run.result }).toStrictEqual({ name, result });
    expect({ name, ...(await run.summary) }).toMatchObject({ name, ran: 0, saved: 0, failed: 0 });
  }
  expect(warnings).toEqual([]);
}

async function expectClearedToRun(storage: Storage): Promise<void> {
  const { runner } = runnerOn(storage);
  for (const [name, target] of Object.entries(cleared)) {
    const { nodes } = await runner.plan(target);
    expect({ name, action: nodes.at(-1)?.action }).toEqual({ name, action: 'run' });
  }
}

async function expectWhole(storage: Storage): Promise<void> {
  const unreadable: string[] = [];
  const records = await collect(
    storage.list({ onUnreadable: (key, problem) => unreadable.push(`${key}: ${problem}`) }),
  );
  expect(unreadable).toEqual([]);
  for (const { key } of records) expect(await storage.has(key)).toBe(true);
}

describe.each([
  ['plain', undefined],
  ['encrypted', { encoder: encrypting }],
])('a folder written by an earlier version, %s', (name, options) => {
  const open = () => Storage.open(copyOf(name), options);

  it('loads every result without running a task', () => expectAllLoaded(open()));

  it('loads task directories with their files', async () => {
    const { runner, warnings } = runnerOn(open());
    const run = runner.start([...directories.targets] as const);
    const results = await run.result;
    expect(directories.notes(results as never)).toEqual(['kept', 'kept']);
    expect(await run.summary).toMatchObject({ ran: 0, loaded: 2 });
    expect(warnings).toEqual([]);
  });

  it('does not load cleared results', () => expectClearedToRun(open()));

  it('can read all records', () => expectWhole(open()));
});

describeWithRedis('a Redis written by an earlier version', (server) => {
  beforeAll(() => writeAll(server.uri(), JSON.parse(readFileSync(join(fixtures, 'redis.json'), 'utf8'))));

  it('loads every result without running a task', () => using(server.uri(), expectAllLoaded));

  it('does not load cleared results', () => using(server.uri(), expectClearedToRun));

  it('can read all records', () => using(server.uri(), expectWhole));
});

async function using(uri: string, body: (storage: Storage) => Promise<void>): Promise<void> {
  const storage = Storage.open(uri);
  await body(storage);
  await storage.close();
}
