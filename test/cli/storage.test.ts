import { temporaryFolder } from '../support/temporary-folder';
import { tidemark, trainFile, write } from './support/cli';

const folder = temporaryFolder();
const cli = (...args: string[]) => tidemark(args, { cwd: folder.path });
const rows = (out: string) =>
  out
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t'));

beforeEach(async () => {
  write(folder.path, { 'train.ts': trainFile });
  await cli('run', 'train.ts');
});

async function keyOf(task: string): Promise<string> {
  return rows((await cli('ls', task)).out)[0]![0]!;
}

it('lists results, separated by tabs when piped', async () => {
  const listed = rows((await cli('ls')).out);
  expect(listed.map(([key]) => key!.split('/')[0])).toEqual(['Load', 'Train']);
  expect(JSON.parse(listed[1]![4]!)).toEqual({ epochs: 10, path: 'a.csv' });
  expect(rows((await cli('ls', 'Load')).out)).toHaveLength(1);
  const records = (await cli('ls', '--json')).out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(records.map(({ task }) => task)).toEqual(['Load', 'Train']);
});

it('counts results and bytes', async () => {
  expect(rows((await cli('stats')).out)).toEqual([
    ['Load', '1', expect.stringMatching(/^\d+$/)],
    ['Train', '1', expect.stringMatching(/^\d+$/)],
  ]);
});

it('shows a result with its sources and dependents, by a prefix of its key', async () => {
  const [load, train] = [await keyOf('Load'), await keyOf('Train')];
  const { out } = await cli('show', train.slice(0, 12));
  expect(out).toContain(`key\t${train}\n`);
  expect(out).toContain(`from\t${load}\t1\n`);
  expect(out).toMatch(/\n\{ data: \[ 'a\.csv' \], epochs: 10 \}\n$/);
  expect((await cli('show', load)).out).toContain(`to\t${train}\t1\n`);
  expect((await cli('show', train, '--raw')).out).toBe('{"data":["a.csv"],"epochs":10}\n');
  expect(JSON.parse((await cli('show', train, '--json')).out)).toMatchObject({
    record: { task: 'Train', version: 1 },
    from: [{ key: load, depth: 1, isSaved: true }],
    value: { epochs: 10 },
  });
});

it('shows sources that came from refs in other results', async () => {
  write(folder.path, {
    'grows.ts': `
      import { Requires, Task, task } from 'tidemark';
      @Task({ save: true }) export class Leaf { run(): number { return 1; } }
      @Task({ save: true }) export class Names { run() { return [task(Leaf)]; } }
      @Task({ save: true }) export class Main { @Requires(Names) leaves!: number[]; run(): number { return this.leaves[0]!; } }`,
  });
  await cli('run', 'grows.ts');
  const [leaf, names, main] = [await keyOf('Leaf'), await keyOf('Names'), await keyOf('Main')];
  expect((await cli('show', main)).out).toContain(`from\t${names}\t1\nfrom\t${leaf}\t1\n`);
  expect((await cli('show', leaf)).out).toContain(`to\t${main}\t1\n`);
});

it('deletes a result; its dependents stay valid', async () => {
  const key = await keyOf('Load');
  expect((await cli('rm', key)).out).toBe(`${key}\n`);
  expect((await cli('run', 'train.ts')).err).not.toContain('runs');
});

it.each([
  ['a key', async () => [(await keyOf('Load')).slice(0, 10)]],
  ['a task', async () => ['Load']],
  ['a task of a file', async () => ['train.ts', 'Load']],
  ['a task with params', async () => ['train.ts', 'Load', '--path', 'a.csv']],
])('clears %s and its dependents', async (_, what) => {
  const key = await keyOf('Load');
  expect((await cli('clear', ...(await what()))).out).toBe(`${key}\n`);
  expect((await cli('run', 'train.ts')).err).toMatch(/Load runs\n(?:.*\n)*?Train runs/);
});

it('clears nothing else', async () => {
  expect((await cli('clear', 'train.ts', 'Load', '--path', 'b.csv')).out).toBe('');
  expect((await cli('run', 'train.ts')).err).not.toContain('runs');
  await cli('clear', '--all');
  expect((await cli('ls')).out).toBe('');
});

it.each([
  [['show', 'Train'], 'Train is not a key'],
  [['show', 'Trian/00'], 'did you mean the task Train?'],
  [['rm', 'Train/zz'], 'no result is saved under Train/zz'],
  [['clear', 'Trian'], 'did you mean Train?'],
  [['clear'], 'nothing to clear; usage: tidemark clear'],
])('rejects %j', async (args, message) => {
  const { code, err } = await cli(...args);
  expect([code, err]).toEqual([2, expect.stringContaining(message)]);
});

it('finds the storage by option, environment or config file', async () => {
  const saved = async (...args: string[]) => rows((await cli('ls', ...args)).out).length;
  await cli('run', 'train.ts', '--storage', 'file:by-option');
  await tidemark(['run', 'train.ts'], { cwd: folder.path, env: { TIDEMARK_STORAGE: 'file:by-environment' } });
  write(folder.path, { 'tidemark.config.json': '{"storage":"file:by-config"}', 'deep/train.ts': trainFile });
  await cli('run', 'deep/train.ts');
  expect([await saved('--storage', 'file:by-option'), await saved('--storage', 'file:by-environment')]).toEqual([2, 2]);
  expect(await saved('--storage', 'file:by-config')).toBe(2);
  expect(await saved()).toBe(2);
});
