import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Runner, Storage } from 'tidemark';
import { openStore } from '../../src/storage/open';
import { isOrphanedBlob, newBlobName } from '../../src/storage/unnamed-blobs';
import { tidemark } from '../cli/support/cli';
import { saveIn } from '../support/checkpoint';
import { Child } from '../support/child';
import { noise } from '../support/noise';
import { ObservedStore } from '../support/observed-store';
import { describeWithRedis } from '../support/redis-server';
import { temporaryFolder } from '../support/temporary-folder';
import { Large } from './fixtures/stop-between-writes';

const fixture = join(__dirname, 'fixtures/stop-between-writes.ts');
const folder = temporaryFolder();

/** Leaves bytes as a killed process does, and gives how many there are that no record names. */
async function leave(uri: string, ...n: number[]): Promise<number> {
  const keys = await withRunner('memory:', (runner) => Promise.all(n.map((one) => runner.key(Large, { n: one }))));
  const { store } = openStore(uri);
  // No process has this number.
  const name = `${newBlobName().slice(0, 16)}fffffe${newBlobName().slice(22)}`;
  for (const [i, key] of keys.entries()) await store.set(`${key}.${name}`, noise(100_000 + n[i]!));
  await store.disconnect?.();
  return unnamedIn(uri);
}

async function unnamedIn(uri: string): Promise<number> {
  const storage = Storage.open(uri);
  const stats = await storage.stats();
  await storage.close();
  return [...stats.values()].reduce((sum, { unnamed }) => sum + (unnamed?.count ?? 0), 0);
}

async function withRunner<T>(uri: string, use: (runner: Runner) => Promise<T>): Promise<T> {
  const runner = new Runner({ storage: uri });
  try {
    return await use(runner);
  } finally {
    await runner.close();
  }
}

function behaviours(uri: () => string, { isFast }: { readonly isFast: boolean }): void {
  it('are counted, and removed by a clear of their task', async () => {
    expect(await leave(uri(), 1, 2)).toBe(2);
    const storage = Storage.open(uri());
    expect((await storage.stats()).get('Large')).toMatchObject({ count: 0, unnamed: { count: 2, bytes: 200_003 } });
    await storage.close();
    expect(await withRunner(uri(), (runner) => runner.clear(Large))).toEqual([]);
    expect(await unnamedIn(uri())).toBe(0);
  });

  it('are removed when all is cleared', async () => {
    expect(await leave(uri(), 1)).toBe(1);
    const storage = Storage.open(uri());
    await storage.clear();
    await storage.close();
    expect(await unnamedIn(uri())).toBe(0);
  });

  if (!isFast) return;
  it('are removed by the next save of their key, and by its clear', async () => {
    expect(await leave(uri(), 1, 2, 3)).toBe(3);
    await withRunner(uri(), async (runner) => {
      await Promise.all([runner.run(Large, { n: 1 }), runner.run(Large, { n: 2 })]);
      expect(await unnamedIn(uri())).toBe(1);
      await runner.clear(Large, { n: 3 });
      expect(await unnamedIn(uri())).toBe(0);
      expect(await runner.run(Large, { n: 1 })).toHaveLength(100_001);
    });
  });
}

describe.each(['file', 'lmdb'])('blobs without a record, in %s', (scheme) => {
  behaviours(() => `${scheme}:${folder.path}`, { isFast: true });
});

describeWithRedis('bytes that no record names, in Redis', (server) => {
  beforeEach(() => server.cli('flushall'));
  behaviours(() => server.uri(), { isFast: false });
});

it('removes the blobs of a killed process', async () => {
  const uri = `file:${folder.path}`;
  expect((await new Child(fixture, [uri, '1']).ended).signal).toBe('SIGKILL');
  expect(await unnamedIn(uri)).toBe(1);
  await withRunner(uri, (runner) => runner.run(Large, { n: 1 }));
  expect(await unnamedIn(uri)).toBe(0);
});

it('keeps the blobs of a live process, until it is dead', async () => {
  const uri = `file:${folder.path}`;
  const child = new Child(fixture, [uri, '1', 'stop']);
  await new Promise((done) => child.process.stdout!.once('data', done));
  await withRunner(uri, async (runner) => {
    await runner.clear(Large);
    await runner.run(Large, { n: 1 });
    await runner.clear(Large, { n: 1 });
    expect(await unnamedIn(uri)).toBe(1);
    child.process.kill('SIGCONT');
    expect((await child.ended).code).toBe(0);
    expect(await unnamedIn(uri)).toBe(0);
    expect(await runner.run(Large, { n: 1 })).toEqual(noise(100_001));
    expect(readdirSync(join(folder.path, 'Large'))).toHaveLength(2);
  });
});

it('removes no blob that a record names, whatever process wrote it', async () => {
  const uri = `file:${folder.path}`;
  await withRunner(uri, (runner) => runner.run(Large, { n: 5 }));
  await leave(uri, 1);
  const { process: other, ended } = new Child(join(__dirname, 'fixtures/run-large.ts'), [uri]);
  expect((await ended).code).toBe(0);
  expect(other.exitCode).toBe(0);
  await withRunner(uri, async (runner) => {
    await runner.run(Large, { n: 1 });
    await wait(5);
    await runner.clear(Large, { n: 1 });
    const stats = await Storage.open(uri).stats();
    expect(stats.get('Large')).toMatchObject({ count: 2 });
    expect(stats.get('Large')?.unnamed).toBeUndefined();
    for (const n of [5, 6]) expect(await runner.run(Large, { n })).toEqual(noise(100_000 + n));
  });
});

it('removes the blob of a record that cannot be written', async () => {
  const store = new ObservedStore();
  const storage = Storage.open(store);
  store.before = (operation, key) => {
    if (operation === 'set' && !key.includes('.')) throw new Error('no room');
  };
  await expect(saveIn(storage, { value: noise(100_000) })).rejects.toThrow('no room');
  expect([...store.entries.keys()]).toEqual([]);
});

it('tells by the name of a blob if its writer may still write a record', () => {
  const own = newBlobName();
  expect(own).toMatch(/^[0-9a-f]{32}$/);
  expect(own).not.toBe(newBlobName());
  expect(isOrphanedBlob(own)).toBe(false);
  const now = Number.parseInt(own.slice(0, 8), 16);
  const hex = (seconds: number) => seconds.toString(16).padStart(8, '0');
  const elsewhere = 'ffffffff';
  expect(isOrphanedBlob(`${own.slice(0, 16)}fffffe${own.slice(22)}`)).toBe(true);
  expect(isOrphanedBlob(hex(now - 4000) + own.slice(8))).toBe(true);
  expect(isOrphanedBlob(hex(now) + elsewhere + own.slice(16))).toBe(false);
  expect(isOrphanedBlob(hex(now - 4000) + elsewhere + own.slice(16))).toBe(true);
  for (const old of ['0'.repeat(32), 'f'.repeat(32), 'e3b0c44298fc1c149afbf4c8996fb924'])
    expect(isOrphanedBlob(old)).toBe(true);
});

describe('the size on disk', () => {
  it('counts whole blocks, with records', async () => {
    const uri = `file:${folder.path}`;
    const storage = Storage.open(uri);
    for (let i = 0; i < 3; i++) await saveIn(storage, { name: String(i).padStart(32, '0'), value: i });
    const one = (await storage.stats()).get('Example')!;
    expect(one).toEqual({ count: 3, bytes: 3, disk: expect.any(Number) });
    expect(one.disk! % 512).toBe(0);
    expect(one.disk).toBeGreaterThanOrEqual(3 * 512);
    mkdirSync(join(folder.path, '.tmp'), { recursive: true });
    writeFileSync(join(folder.path, '.tmp/left'), noise(1e6));
    expect(await storage.diskSize()).toBeGreaterThan(1e6 + one.disk!);
    const said = await tidemark(['stats', '--storage', uri], { cwd: folder.path });
    expect(said.err).toMatch(/^3 results, 3 B \(1(\.\d)? MB on disk\), in /);
    expect(said.out.trim().split('\t')).toEqual(['Example', '3', '3']);
  });

  it('is known for LMDB as a whole, and not for memory', async () => {
    const storage = Storage.open(`lmdb:${folder.path}`);
    await saveIn(storage, { value: noise(50_000) });
    expect((await storage.stats()).get('Example')).toEqual({ count: 1, bytes: expect.any(Number) });
    expect(await storage.diskSize()).toBeGreaterThan(50_000);
    await storage.close();
    expect(await Storage.open('memory:').diskSize()).toBeUndefined();
    expect(await Storage.open(`file:${folder.path}/missing`).diskSize()).toBe(0);
  });

  it('is shown with blobs without a record on the command line', async () => {
    const uri = `file:${folder.path}`;
    await leave(uri, 1);
    const cli = (...args: string[]) => tidemark([...args, '--storage', uri], { cwd: folder.path });
    expect((await cli('stats')).err).toMatch(/100 kB without a record: .* \(Large\)/);
    expect(JSON.parse((await cli('stats', '--json')).out).Large.unnamed).toEqual({
      count: 1,
      bytes: expect.any(Number),
    });
    expect((await cli('clear', 'Large')).code).toBe(0);
    expect((await cli('stats')).err).not.toMatch(/without a record/);
  });
});
