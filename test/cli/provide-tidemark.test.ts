import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { temporaryFolder } from '../support/temporary-folder';
import { tidemark, write } from './support/cli';

const root = resolve(__dirname, '../..');
const folder = temporaryFolder();
const built = () => join(folder.path, 'elsewhere/tidemark/dist/cli/main.js');
const cli = (...args: string[]) => tidemark(args, { cwd: join(folder.path, 'project'), program: [built()] });

beforeEach(() => {
  const copy = join(folder.path, 'elsewhere/tidemark');
  cpSync(join(root, 'dist'), join(copy, 'dist'), { recursive: true });
  cpSync(join(root, 'package.json'), join(copy, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  mkdirSync(join(folder.path, 'project'));
});

it('prints its version', async () => {
  const { version } = require(join(root, 'package.json'));
  expect(await cli('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' });
});

it('creates a project that runs without the package installed', async () => {
  expect((await cli('init', '.')).code).toBe(0);
  for (const how of [[], ['--executor', 'threads', '--force']])
    expect(await cli('run', 'main.ts', ...how)).toMatchObject({ code: 0, out: 'There are 168 primes below 1000.\n' });
  const again = await cli('init', '.');
  expect([again.code, again.err]).toEqual([2, expect.stringContaining('main.ts already exists')]);
});

it('runs an ES module without the package installed', async () => {
  write(join(folder.path, 'project'), {
    'main.mjs': "import { Task } from 'tidemark';\nexport class Main { run() { return 1; } }\nTask()(Main);\n",
  });
  expect(await cli('run', 'main.mjs')).toMatchObject({ code: 0, out: '1\n' });
});

it('accepts the same installed copy and rejects another', async () => {
  await cli('init', '.');
  mkdirSync(join(folder.path, 'project/node_modules'));
  symlinkSync(join(folder.path, 'elsewhere/tidemark'), join(folder.path, 'project/node_modules/tidemark'));
  expect(await cli('run', 'main.ts')).toMatchObject({ code: 0 });
  const other = resolve(root, 'dist/cli/main.js');
  const { code, err } = await tidemark(['run', 'main.ts'], { cwd: join(folder.path, 'project'), program: [other] });
  expect([code, err]).toEqual([2, expect.stringContaining('uses another copy of tidemark than this command')]);
});

it('creates a project that compiles', async () => {
  await cli('init', '.');
  mkdirSync(join(folder.path, 'project/node_modules'));
  symlinkSync(join(folder.path, 'elsewhere/tidemark'), join(folder.path, 'project/node_modules/tidemark'));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const args = ['--noEmit', '-p', '.'];
  expect(await tidemark(args, { cwd: join(folder.path, 'project'), program: [tsc] })).toMatchObject({
    code: 0,
    out: '',
  });
});
