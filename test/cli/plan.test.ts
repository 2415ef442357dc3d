import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../support/temporary-folder';
import { tidemark, trainFile, write } from './support/cli';

const folder = temporaryFolder();
const cli = (...args: string[]) => tidemark(args, { cwd: folder.path });
const rows = (out: string) =>
  out
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t'));
const edit = (from: string, to: string) => write(folder.path, { 'train.ts': trainFile.replace(from, to) });

beforeEach(() => write(folder.path, { 'train.ts': trainFile }));

/** The rows of a plan: action, task and reason. */
async function plan(...args: string[]): Promise<string[][]> {
  return rows((await cli('plan', 'train.ts', ...args)).out).map(([action, task, , why]) => [action!, task!, why!]);
}

it('shows what would run and what would be loaded, and why', async () => {
  expect((await plan('Train', '--path', 'a.csv')).map(([action, , why]) => [action, why])).toEqual([
    ['run', 'there is no checkpoint'],
    ['run', 'there is no checkpoint'],
  ]);
  await cli('run', 'train.ts');
  expect(await plan()).toEqual([
    ['load', "Train({ epochs: 10, path: 'a.csv' })", ''],
    ['run', "Main({ path: 'a.csv' })", 'it is not saved'],
  ]);
});

it('shows the refs of earlier results for results that are not there yet', async () => {
  const source = (version: number) => `
    import { Param, Requires, Task, task } from 'tidemark';
    @Task({ save: true, version: ${version} }) export class Letters {
      @Param() word!: string;
      run() { return this.word.length; }
    }
    @Task({ save: ${version === 1} }) export class Split {
      run() { return ['two', 'words'].map((word) => task(Letters, { word })); }
    }
    @Task({ save: true }) export class Main {
      @Requires(Split) letters!: number[];
      run() { return this.letters; }
    }`;
  write(folder.path, { 'train.ts': source(1) });
  await cli('run', 'train.ts');
  await cli('rm', (await cli('ls', 'Split')).out.split('\t')[0]!);
  expect((await plan()).map(([action, task]) => `${action} ${task}`)).toEqual(['load Main']);
  write(folder.path, { 'train.ts': source(2) });
  expect(await plan()).toEqual([
    ['unknown', "Letters({ word: 'two' })", 'if Split names what it named last time'],
    ['unknown', "Letters({ word: 'words' })", 'if Split names what it named last time'],
    ['run', 'Split', 'it is not saved'],
    ['run', 'Main', expect.stringMatching(/^it came from Letters\/\w+, which has another key today$/)],
  ]);
  const { err, out } = await cli('plan', 'train.ts', '--json');
  expect([err, JSON.parse(out)[0]]).toEqual(['', expect.objectContaining({ action: 'unknown', likely: 'run' })]);
  expect((await cli('graph', 'train.ts')).out).toContain('? Letters');
});

it('shows durations of the last time', async () => {
  await cli('run', 'train.ts');
  const { out, err } = await cli('plan', 'train.ts', 'Train', '--path', 'a.csv', '--epochs', '20', '--json');
  expect(JSON.parse(out)[1]).toMatchObject({ action: 'run', lastSeconds: expect.any(Number) });
  expect(err).toBe('');
  expect((await cli('plan', 'train.ts')).err).toMatch(/^1 to run, 1 to load, 1 not needed\n$/);
});

it.each<[string, () => void, string[], string]>([
  ['a param', () => undefined, ['--epochs', '20'], 'param epochs 10 → 20'],
  ['a version', () => edit('version: 1', 'version: 2'), [], 'version 1 → 2'],
  [
    'a requirement',
    () => undefined,
    ['--path', 'b.csv'],
    'param path "a.csv" → "b.csv", Load: param path "a.csv" → "b.csv"',
  ],
])('reports %s as changed', async (_, change, args, why) => {
  await cli('run', 'train.ts');
  change();
  const given = args.includes('--path') ? args : ['--path', 'a.csv', ...args];
  const planned = await plan('Train', ...given);
  expect(planned.at(-1)![2]!.replace(/, the source.*/, '')).toBe(why);
});

it('reports cleared and damaged checkpoints', async () => {
  await cli('run', 'train.ts');
  const [, train] = rows((await cli('ls')).out).map(([key]) => key!);
  writeFileSync(join(folder.path, '.tidemark', train!), 'tidemark1 nonsense');
  expect((await plan('Train', '--path', 'a.csv')).at(-1)![2]).toContain('damaged');
  await cli('run', 'train.ts');
  await cli('clear', 'Load');
  expect((await plan('Train', '--path', 'a.csv')).at(-1)![2]).toBe('it, or something that it came from, was cleared');
});

it('compares field by field with the most similar result, including requirements', async () => {
  await cli('run', 'train.ts', 'Train', '--path', 'a.csv', '--epochs', '5');
  await cli('run', 'train.ts', 'Train', '--path', 'b.csv', '--epochs', '7');
  edit('version: 1', "version: 'x'");
  const { out, err } = await cli('why', 'train.ts', 'Train', '--path', 'c.csv', '--epochs', '7');
  expect(err).toMatch(/^Train\(\{ epochs: 7, path: 'c.csv' \}\) would run: there is no checkpoint\nnearest: Train\//);
  const differences = rows(out).map(([task, what, before, now]) => [
    task,
    what,
    what!.startsWith('param') || what === 'version' ? [before, now] : '',
  ]);
  expect(differences).toEqual([
    ['Train', 'version', ['1', 'x']],
    ['Train', 'param path', ['"b.csv"', '"c.csv"']],
    ['Train', 'requires Load', ''],
    ['Train > Load', 'param path', ['"b.csv"', '"c.csv"']],
  ]);
});

it('reports a changed fingerprint', async () => {
  const source = `
    import { Task } from 'tidemark';
    @Task({ save: true }) export class Main {
      fingerprint() { return process.env.STATE ?? 'old'; }
      run() { return 1; }
    }`;
  write(folder.path, { 'train.ts': source });
  await cli('run', 'train.ts');
  const { out } = await tidemark(['why', 'train.ts'], { cwd: folder.path, env: { STATE: 'new' } });
  expect(rows(out)).toEqual([['Main', 'fingerprint', '', '']]);
});

it('does not guess whether a secret or a fingerprint changed', async () => {
  const source = `
    import { Param, Task } from 'tidemark';
    @Task({ save: true }) export class Main {
      @Param({ secret: true }) token = 'a';
      fingerprint() { return 'same'; }
      run() { return 1; }
    }`;
  write(folder.path, { 'train.ts': source });
  await cli('run', 'train.ts');
  const { out } = await cli('why', 'train.ts', '--token', 'b');
  expect(rows(out)).toEqual([['Main', 'something that records do not contain', '', '']]);
});

it('says that a task has no saved result, or would be loaded', async () => {
  expect((await cli('why', 'train.ts', 'Load', '--path', 'a.csv')).err).toContain('no result of Load is saved');
  await cli('run', 'train.ts');
  expect((await cli('why', 'train.ts', 'Load', '--path', 'a.csv')).err).toMatch(
    /would be loaded: Load\/[0-9a-f]{32}\n$/,
  );
});

it('draws the graph of a plan', async () => {
  const { out } = await cli('graph', 'train.ts');
  expect(out).toMatch(/^flowchart /);
  await cli('graph', 'train.ts', '-o', 'graph.dot');
  expect((await cli('graph', 'train.ts', '--format', 'dot')).out).toMatch(/^digraph /);
  rmSync(join(folder.path, 'graph.dot'));
});
