import 'reflect-metadata';
import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Param, Runner, Storage, StorageError, Task } from 'tidemark';
import { collect } from '../support/collect';
import { noise } from '../support/noise';
import { outcomeOf } from '../support/outcome';
import { describeWithDisk } from './support/mounted';

const register = join(__dirname, '../support/register.js');

@Task({ save: true })
class Noise {
  @Param() size!: number;
  run(): Uint8Array {
    return noise(this.size);
  }
}

const ignoring = { onWarning: () => {} };

describeWithDisk('on a full disk', (disk) => {
  it.each(['file', 'lmdb'])(
    '%s: says that it is full, keeps what was there and goes on when there is room',
    (scheme) => {
      const args = [
        '-r',
        register,
        join(__dirname, 'fixtures/fill-disk.ts'),
        `${scheme}:${disk.path}/store`,
        disk.path,
      ];
      // LMDB writes on the standard error output as well.
      const output = execFileSync(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' });
      const full = expect.stringMatching(
        /^cannot write to .*store \(Example\/.*\): the disk is full \(ENOSPC\)\. Free some space/,
      );
      expect(JSON.parse(output)).toEqual({ failed: [full, full], kept: true, later: ['saved', 'saved'], all: true });
    },
  );

  it('reports a full disk when LMDB makes a database', () => {
    writeFileSync(join(disk.path, 'filler'), new Uint8Array(2 ** 20 - 8192));
    const script = `
      const { Storage } = require('tidemark');
      const { saveAs } = require('${join(__dirname, 'support/forms')}');
      const save = () => saveAs(Storage.open('lmdb:${disk.path}/store'), 'Example/0', 1).catch(({ message }) => message);
      (async () => console.log(JSON.stringify([await save(), await save(), await save()])))();
    `;
    const output = execFileSync(process.execPath, ['-r', register, '-e', script], { encoding: 'utf8' });
    expect(JSON.parse(output)).toEqual(Array(3).fill(expect.stringContaining('the disk is full (ENOSPC)')));
  });

  it('ends the run with the remedy, or computes and warns', async () => {
    const storage = `file:${disk.path}/store`;
    const runner = new Runner({ storage });
    await runner.run(Noise, { size: 100 });
    expect(() => writeFileSync(join(disk.path, 'filler'), new Uint8Array(2 ** 20))).toThrow('ENOSPC');
    const { error, summary } = await outcomeOf(runner.start(Noise, { size: 200_000 }));
    expect([error.message, summary.storageErrors]).toEqual([
      expect.stringMatching(/: the disk is full \(ENOSPC\)\. Free some space or choose another storage\./),
      [expect.any(StorageError)],
    ]);
    const computing = new Runner({ storage, onStorageError: 'compute', ...ignoring });
    const computed = await outcomeOf(computing.start(Noise, { size: 200_000 }));
    expect([computed.result, computed.summary.storageErrors.length]).toEqual([noise(200_000), 1]);
    expect((await outcomeOf(runner.start(Noise, { size: 100 }))).summary.loaded).toBe(1);
    expect(readdirSync(join(disk.path, 'store/.tmp'))).toEqual([]);
  });
});

describeWithDisk('on a read-only disk', (disk) => {
  it.each(['file', 'lmdb'])('%s: reports a read-only disk, and keeps its contents', async (scheme) => {
    const uri = `${scheme}:${disk.path}/store`;
    const writing = new Runner({ storage: uri });
    await writing.run(Noise, { size: 100 });
    await writing.close();
    disk.makeReadOnly();
    const runner = new Runner({ storage: uri });
    const { error } = await outcomeOf(runner.start(Noise, { size: 200 }));
    expect(error.message).toMatch(
      /store.*: the disk is read-only \(EROFS\)\. Make it writable or choose another storage/,
    );
    await expect(runner.clear(Noise)).rejects.toThrow(/the disk is read-only \(EROFS\)/);
    const computing = new Runner({ storage: uri, onStorageError: 'compute', ...ignoring });
    expect(await computing.run(Noise, { size: 200 })).toEqual(noise(200));
    await Promise.all([runner.close(), computing.close()]);
  });

  it.each(['file', 'lmdb'])('%s: loads results when it is opened read-only', async (scheme) => {
    const uri = `${scheme}:${disk.path}/store`;
    const writing = new Runner({ storage: uri });
    await writing.run(Noise, { size: 100 });
    await writing.close();
    disk.makeReadOnly();
    const runner = new Runner({ storage: Storage.chain(Storage.open('memory:'), Storage.open(`${uri}?readonly`)) });
    const { result, summary } = await outcomeOf(runner.start(Noise, { size: 100 }));
    expect([result, summary.loaded, summary.storageErrors]).toEqual([noise(100), 1, []]);
  });

  it('loads results from files', async () => {
    const storage = Storage.open(`file:${disk.path}/store`);
    await new Runner({ storage }).run(Noise, { size: 50_000 });
    disk.makeReadOnly();
    const { result, summary } = await outcomeOf(
      new Runner({ storage: `file:${disk.path}/store` }).start(Noise, { size: 50_000 }),
    );
    expect([result, summary.loaded, summary.storageErrors]).toEqual([noise(50_000), 1, []]);
    expect(await collect(storage.list())).toHaveLength(1);
  });
});
