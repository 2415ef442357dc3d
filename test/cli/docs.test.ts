import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { temporaryFolder } from '../support/temporary-folder';

const root = resolve(__dirname, '../..');
const page = readFileSync(join(root, 'docs/cli.md'), 'utf8');
const [, program] = /```ts\n(.*?)```/s.exec(page)!;
/** Each command of the page with its output, in the order of the page. */
const commands = Array.from(page.matchAll(/```sh\n(.*?)```/gs), ([, block]) => block!)
  .flatMap((block) => block.split(/^\$ /m).slice(1))
  .map((shown) => {
    const [command, ...output] = shown.trimEnd().split('\n');
    return { command: command!, output: output.join('\n') };
  });

const folder = temporaryFolder();

/** The width of columns depends on times and sizes. */
const withoutPadding = (text: string) => text.replaceAll(/(?<=\S) {2,}/g, '  ').trimEnd();

/** `<…>` matches any text on a line. */
function patternOf(output: string): RegExp {
  const literal = withoutPadding(output).replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return new RegExp(`^${literal.replaceAll('<…>', '.+?')}$`);
}

function start(command: string): string {
  const env = {
    ...process.env,
    PATH: `${folder.path}${delimiter}${process.env['PATH']}`,
    CI: '1',
    NO_COLOR: '1',
    TIDEMARK_STORAGE: '',
    COLUMNS: '80',
  };
  const { stdout } = spawnSync('sh', ['-c', `exec 2>&1; ${command}`], { cwd: folder.path, env, encoding: 'utf8' });
  return withoutPadding(stdout);
}

beforeEach(() => {
  const preloaded = ['support/register.js', 'cli/support/terminal.js'].map((file) => `-r ${join(root, 'test', file)}`);
  const main = join(root, 'src/cli/main.ts');
  const wrapper = `#!/bin/sh\nexec ${process.execPath} ${preloaded.join(' ')} ${main} "$@"\n`;
  writeFileSync(join(folder.path, 'tidemark'), wrapper, { mode: 0o755 });
  writeFileSync(join(folder.path, 'train.ts'), program!);
});

it('shows every command', () => {
  const names = /\nCommands:\n(.*)/s.exec(start('tidemark --help'))![1]!.match(/^ {2}[a-z]+/gm)!;
  const shown = commands.map(({ command }) => /^(?:npx )?tidemark (\w+)/.exec(command)?.[1]);
  expect(names.map((name) => name.trim()).filter((name) => name !== 'help' && !shown.includes(name))).toEqual([]);
});

it('shows their output', () => {
  for (const { command, output } of commands) {
    const printed = start(command);
    if (!patternOf(output).test(printed)) expect(`$ ${command}\n${printed}`).toBe(`$ ${command}\n${output}`);
  }
}, 240_000);
