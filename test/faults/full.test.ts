import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Param, Requires, Runner, Storage, StorageError, Task } from 'tidemark';
import { tidemark } from '../cli/support/cli';
import { noise } from '../support/noise';
import { describeWithRedis } from '../support/redis-server';
import { describeWithDisk } from './support/mounted';

const register = join(__dirname, '../support/register.js');
let runs: string[] = [];
beforeEach(() => {
  runs = [];
});

@Task({ save: true })
class Large {
  @Param() size!: number;
  run(): Uint8Array {
    runs.push('Large');
    return noise(this.size);
  }
}

@Task({ save: true })
class Length {
  @Requires((self: Length) => [Large, { size: self.size }] as any) large!: Uint8Array;
  @Param() size!: number;
  run(): number {
    runs.push('Length');
    return this.large.length;
  }
}

describeWithRedis('a Redis that is full', (server) => {
  beforeEach(async () => {
    await server.cli('config', 'set', 'maxmemory', '0');
    await server.cli('flushall');
  });

  async function fill(): Promise<{ storage: Storage; runner: Runner; full: (limit: number) => Promise<string> }> {
    const storage = Storage.open(server.uri());
    const runner = new Runner({ storage });
    await runner.run(Length, { size: 300_000 });
    runs = [];
    const used = Number(/used_memory:(\d+)/.exec(await server.cli('info', 'memory'))![1]);
    return { storage, runner, full: (limit) => server.cli('config', 'set', 'maxmemory', String(used + limit)) };
  }

  it('clears a result, which makes room for its mark', async () => {
    const { storage, runner, full } = await fill();
    await full(-100_000);
    expect(await runner.clear(Large)).toHaveLength(1);
    await server.cli('config', 'set', 'maxmemory', '0');
    await runner.run(Length, { size: 300_000 });
    expect(runs).toEqual(['Large', 'Length']);
    await storage.close();
  });

  it('clears one result by its params', async () => {
    const { storage, runner, full } = await fill();
    await full(-100_000);
    expect(await runner.clear(Large, { size: 300_000 })).toHaveLength(1);
    await storage.close();
  });

  it('reports when there still is no room for the mark: the results are deleted', async () => {
    const { storage, runner } = await fill();
    await server.cli('config', 'set', 'maxmemory', '1');
    const error = await runner.clear(Large).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StorageError);
    expect((error as Error).message).toMatch(
      /^1 result of Large deleted, but what came from such results still counts, because the mark for it could not be written: .*its memory is full\..* Make room and clear again; storage\.clear\(\) \(tidemark clear --all\) needs no room\.$/s,
    );
    expect([...(await storage.stats()).keys()]).toEqual(['Length']);
    await storage.close();
  });

  it('clears everything, and the results named on the command line', async () => {
    const { storage, full } = await fill();
    await full(-100_000);
    const cli = (...args: string[]) => tidemark([...args, '--storage', server.uri()], { cwd: __dirname });
    expect(await cli('clear', 'Large')).toMatchObject({ code: 0, err: expect.stringContaining('1 result deleted') });
    await server.cli('config', 'set', 'maxmemory', '1');
    await storage.clear();
    await server.cli('config', 'set', 'maxmemory', '0');
    expect((await server.cli('keys', '*')).trim()).toBe('');
    await storage.close();
  });
});

const isHeapCorruption = ({ signal, status }: SpawnSyncReturns<string>): boolean =>
  ['SIGABRT', 'SIGSEGV'].includes(signal ?? '') || status === 134 || status === 139;

describeWithDisk('a full disk', (disk) => {
  const filler = () => join(disk.path, 'filler');

  async function fill(): Promise<{ storage: Storage; runner: Runner }> {
    const storage = Storage.open(`file:${disk.path}/store`);
    const runner = new Runner({ storage });
    await runner.run(Length, { size: 300_000 });
    runs = [];
    expect(() => writeFileSync(filler(), new Uint8Array(2 ** 20))).toThrow('ENOSPC');
    return { storage, runner };
  }

  it('clears results in files, which makes room for their mark', async () => {
    const { storage, runner } = await fill();
    expect(await runner.clear(Large)).toHaveLength(1);
    rmSync(filler());
    await runner.run(Length, { size: 300_000 });
    expect(runs).toEqual(['Large', 'Length']);
    await storage.close();
  });

  it('clears all of LMDB, where single results cannot be deleted', () => {
    const args = ['-r', register, join(__dirname, 'fixtures/clear-full-lmdb.ts'), disk.path];
    let ended: SpawnSyncReturns<string>;
    // LMDB 3.5 corrupts its memory now and then when a write fails, and the system aborts the process: then once more.
    let tries = 0;
    do {
      rmSync(filler(), { force: true });
      rmSync(join(disk.path, 'store'), { recursive: true, force: true });
      ended = spawnSync(process.execPath, args, { encoding: 'utf8' });
    } while (isHeapCorruption(ended) && ++tries < 20);
    expect(ended).toMatchObject({ status: 0 });
    const output = ended.stdout;
    const cure = `Free some space, or clear all of it (tidemark clear --all --storage 'lmdb:${disk.path}/store')`;
    expect(JSON.parse(output)).toEqual([expect.stringContaining(`the disk is full (ENOSPC). ${cure}`), 0, 1]);
  });
});
