import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../support/temporary-folder';
import { tidemark, trainFile, write } from './support/cli';

const folder = temporaryFolder();

it.each([
  [['run', 'train.ts']],
  [['run', 'train.ts', 'Train', '--path', 'a', '--json', '--quiet']],
  [['run', 'train.ts', '--help']],
  [['plan', 'train.ts']],
  [['graph', 'train.ts']],
  [['ls']],
  [['--version']],
  [['--help']],
])('fails when the output of %j cannot be written', async (args) => {
  write(folder.path, { 'train.ts': trainFile });
  await tidemark(['run', 'train.ts'], { cwd: folder.path });
  const full = openSync('/dev/full', 'w');
  try {
    const { code, err } = await tidemark(args, { cwd: folder.path, stdout: full });
    expect([code, err]).toEqual([1, expect.stringContaining('cannot write the output: ENOSPC')]);
    expect(err).not.toMatch(/^\s+at /m);
  } finally {
    closeSync(full);
  }
});

it('fails silently when stderr cannot be written either', async () => {
  const full = openSync('/dev/full', 'w');
  try {
    const main = join(__dirname, '../../src/cli/main.ts');
    const { status } = spawnSync(process.execPath, ['-r', join(__dirname, '../support/register.js'), main, '--help'], {
      stdio: ['ignore', full, full],
    });
    expect(status).toBe(1);
  } finally {
    closeSync(full);
  }
});

it('succeeds when its reader closes the pipe', () => {
  write(folder.path, {
    'lines.ts': `
      import { Task } from 'tidemark';
      @Task() export class Main { run(): string { return 'line\\n'.repeat(300_000); } }`,
  });
  const program = `"${process.execPath}" -r "${join(__dirname, '../support/register.js')}" "${join(__dirname, '../../src/cli/main.ts')}"`;
  const { stdout } = spawnSync('bash', ['-c', `${program} run lines.ts | head -1; echo "\${PIPESTATUS[0]}"`], {
    cwd: folder.path,
    encoding: 'utf8',
  });
  expect(stdout).toBe('line\n0\n');
});
