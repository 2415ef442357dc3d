import { mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileFingerprint } from 'tidemark';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'tidemark-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const large = 1024 * 1024;
const hours = (n: number) => Date.now() / 1000 - n * 3600;

/** Writes a file that was last changed some hours ago. */
function file(name: string, content: string, age: number): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  utimesSync(path, hours(age), hours(age));
  return path;
}

it('tells a small file by its content, whatever its time', async () => {
  const before = await fileFingerprint(file('a', 'one', 5));
  expect(before).toMatch(/^sha256-[0-9a-f]{32}$/);
  expect(await fileFingerprint(file('a', 'one', 1))).toBe(before);
  expect(await fileFingerprint(file('copy', 'one', 9))).toBe(before);
  expect(await fileFingerprint(file('a', 'two', 5))).not.toBe(before);
});

it('tells a large file by its size and time, without reading it', async () => {
  const before = await fileFingerprint(file('a', 'x'.repeat(large), 5));
  expect(before).toMatch(/^1048576-\d+$/);
  expect(await fileFingerprint(file('a', 'x'.repeat(large), 6))).not.toBe(before);
  expect(await fileFingerprint(file('b', 'x'.repeat(large + 1), 5))).not.toBe(before);
});

it('tells a large file that was just changed by its content: its time may not change again', async () => {
  const path = join(folder, 'a');
  writeFileSync(path, 'x'.repeat(large));
  const before = await fileFingerprint(path);
  expect(before).toMatch(/^sha256-/);
  writeFileSync(path, `${'x'.repeat(large - 1)}y`);
  expect(await fileFingerprint(path)).not.toBe(before);
});

it('goes on telling it by its content as it grows older', async () => {
  const path = join(folder, 'a');
  writeFileSync(path, 'x'.repeat(large));
  const before = await fileFingerprint(path);
  jest.useFakeTimers({
    now: Date.now() + 3_600_000,
    doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'queueMicrotask'],
  });
  expect(await fileFingerprint(path)).toBe(before);
  jest.useRealTimers();
});

it('tells an empty file, and one that another took the place of', async () => {
  const empty = await fileFingerprint(file('empty', '', 5));
  expect(empty).toMatch(/^sha256-e3b0c442/);
  const path = file('a', 'x'.repeat(large), 5);
  const before = await fileFingerprint(path);
  renameSync(file('b', 'y'.repeat(large), 4), path);
  expect(await fileFingerprint(path)).not.toBe(before);
});

it('throws when there is no such file, or it is a folder', async () => {
  await expect(fileFingerprint(join(folder, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(fileFingerprint(folder)).rejects.toThrow(/EISDIR|folder/);
});
