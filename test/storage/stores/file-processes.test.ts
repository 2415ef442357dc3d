import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs, {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { FileStore } from '../../../src/storage/stores/file/file-store';
import { isWhole } from '../../../src/testing/sealed-bytes';

const register = join(__dirname, '../../support/register.js');
const fixture = join(__dirname, 'fixtures/write-and-read.ts');

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'tidemark-'))));
afterEach(() => rmSync(folder, { recursive: true, maxRetries: 3 }));

const start = () => spawn(process.execPath, ['-r', register, fixture, folder, '2500'], { stdio: 'inherit' });

async function killAfter(milliseconds: number, child: ChildProcess): Promise<void> {
  await wait(milliseconds);
  child.kill('SIGKILL');
}

it('holds only complete values while 8 processes write and some are killed', async () => {
  const surviving = Array.from({ length: 5 }, start);
  const killed = Array.from({ length: 12 }, async (_, i) => {
    if (i >= 3) await wait(i * 100);
    const child = start();
    await Promise.all([killAfter(400 + Math.random() * 1200, child), once(child, 'exit')]);
  });
  const codes = await Promise.all(surviving.map(async (child) => (await once(child, 'exit'))[0]));
  await Promise.all(killed);
  expect(codes).toEqual([0, 0, 0, 0, 0]);

  let found = 0;
  for await (const [key, value] of new FileStore(folder).iterator()) {
    expect(key).toMatch(/^(Shared|Own)\/[\d-]+$/);
    expect(isWhole(value)).toBe(true);
    found++;
  }
  expect(found).toBeGreaterThan(40);
});

it('ignores a file that is made but not written yet', async () => {
  const store = new FileStore(folder);
  await store.set('Task/other', Uint8Array.of(1));
  closeSync(openSync(join(folder, 'Task/unwritten'), 'wx'));
  expect(store.get('Task/unwritten')).toBeUndefined();
  expect(store.has('Task/unwritten')).toBe(false);
  const found: string[] = [];
  for await (const [key] of store.iterator()) found.push(key);
  expect(found).toEqual(['Task/other']);
  await store.set('Task/unwritten', Uint8Array.of(2));
  expect(store.get('Task/unwritten')).toEqual(Uint8Array.of(2));
});

it('waits for a file that is about to be written, if its times do not tell', async () => {
  const store = new FileStore(folder);
  await store.set('Task/other', Uint8Array.of(1));
  const path = join(folder, 'Task/unwritten');
  writeFileSync(path, '');
  utimesSync(path, 1, 1);
  const found = store.get('Task/unwritten');
  writeFileSync(path, 'written');
  expect(await found).toEqual(new Uint8Array(Buffer.from('written')));
});

it('keeps an empty value', async () => {
  const store = new FileStore(folder);
  for (const durable of [false, true]) {
    await store.set('Task/a', new Uint8Array(), undefined, { durable });
    expect(await store.get('Task/a')).toEqual(new Uint8Array());
    expect(store.has('Task/a')).toBe(true);
  }
});

it.each([1, 4096, 4097])('writes a new value of %j bytes so that no reader sees a part of it', async (size) => {
  const store = new FileStore(folder);
  await store.set('Task/other', Uint8Array.of(1));
  const write = fs.writeSync;
  const seen: unknown[] = [];
  const writing = jest.spyOn(fs, 'writeSync').mockImplementation(((...args: Parameters<typeof write>) => {
    seen.push(store.get('Task/a'));
    return write(...args);
  }) as typeof write);
  await store.set('Task/a', new Uint8Array(size));
  writing.mockRestore();
  expect(seen).toEqual([undefined]);
  expect(store.get('Task/a')).toEqual(new Uint8Array(size));
  // What is there is replaced in one step.
  await store.set('Task/a', new Uint8Array(size).fill(7));
  expect(store.get('Task/a')).toEqual(new Uint8Array(size).fill(7));
});

it('removes leftovers of killed processes at its first write', async () => {
  const { pid: dead } = spawnSync(process.execPath, ['-e', '']);
  const temporary = join(folder, '.tmp');
  mkdirSync(temporary);
  const file = (name: string, minutes: number) => {
    writeFileSync(join(temporary, name), 'left over');
    const time = Date.now() / 1000 - minutes * 60;
    utimesSync(join(temporary, name), time, time);
  };
  file(`${dead}-0-0a`, 2);
  file(`${dead}-1-0a`, 0);
  file(`${process.pid}-0-0a`, 2);
  file(`${process.pid}-1-0a`, 25 * 60);
  file('theirs', 25 * 60);

  const store = new FileStore(folder);
  await store.get('Task/a');
  expect(readdirSync(temporary)).toHaveLength(5);
  await store.set('Task/a', new Uint8Array(1));
  await store.disconnect();
  expect(readdirSync(temporary).sort()).toEqual([`${dead}-1-0a`, `${process.pid}-0-0a`, 'theirs'].sort());
});

it('continues when its folder is deleted meanwhile', async () => {
  const store = new FileStore(join(folder, 'deleted'));
  for (const size of [100, 100_000]) {
    await store.set('Task/a', new Uint8Array(size));
    rmSync(join(folder, 'deleted'), { recursive: true });
    expect(await store.get('Task/a')).toBeUndefined();
    await store.set('Task/a', new Uint8Array(size), undefined, { durable: true });
    rmSync(join(folder, 'deleted', 'Task'), { recursive: true });
    await store.append('Task/b', new Uint8Array(size));
    expect((await store.get('Task/b'))?.length).toBe(size);
  }
  expect(existsSync(join(folder, 'deleted', '.gitignore'))).toBe(true);
});
