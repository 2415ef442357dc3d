import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../support/temporary-folder';
import { type Said, tidemark, write } from './support/cli';

const folder = temporaryFolder();
const onTerminal = ['-r', join(__dirname, 'support/terminal.js')];
const fromSource = ['-r', join(__dirname, '../support/register.js'), join(__dirname, '../../src/cli/main.ts')];

/** Sets the window title, clears the screen, reverses text and returns to the start of the line. */
const hostile = String.raw`x\u001b]0;owned\u0007\u009b2J\u202e\u2066\rerased`;

const file = `
  import { Param, Requires, Task, type TaskContext } from 'tidemark';
  @Task({ save: true, name: 'Evil${hostile}', version: 'v${hostile}' }) export class Evil {
    @Param() text: string = '${hostile}';
    run(context: TaskContext): unknown {
      context.log('${hostile}');
      return { text: this.text, ['${hostile}']: 1, error: new Error('${hostile}') };
    }
  }
  @Task({ save: true }) export class Text { run(): string { return '${hostile}'; } }
  @Task() export class Fails { run(): void { throw new Error('${hostile}'); } }
  @Task() export class Main {
    @Requires(Evil) evil!: { text: string };
    run(): string { return this.evil.text; }
  }`;

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Said> =>
  tidemark(args, {
    cwd: folder.path,
    env: { NO_COLOR: '1', CI: '1', ...env },
    program: [...onTerminal, ...fromSource],
  });

const keyOf = (task: string): string => {
  const name = readdirSync(join(folder.path, '.tidemark')).find((one) => one.startsWith(task))!;
  return `${name}/${readdirSync(join(folder.path, '.tidemark', name)).find((one) => !one.includes('.'))}`;
};

/** Control characters other than line ends and tabs, and overrides of text direction. */
function expectSafe({ out, err }: Said): void {
  expect(JSON.stringify(out + err)).toContain('owned');
  expect((out + err).replaceAll(/[\n\t]/g, '')).not.toMatch(/\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u);
}

beforeEach(async () => {
  write(folder.path, { 'evil.ts': file });
  expect((await run(['run', 'evil.ts'])).code).toBe(0);
  expect((await run(['run', 'evil.ts', 'Text'])).code).toBe(0);
});

it('are visible in the output of each command', async () => {
  const json = ['--json'];
  for (const args of [
    ['run', 'evil.ts'],
    ['run', 'evil.ts', 'Text'],
    ['run', 'evil.ts', 'Text', ...json],
    ['run', 'evil.ts', 'Fails'],
    ['run', 'evil.ts', 'Fails', '--verbose'],
    ['run', 'evil.ts', '--params', String.raw`{"evil\u001b]0;owned\u0007":1}`],
    ['run', 'evil\u001b]0;owned\u0007.ts'],
    ['run', 'evil.ts', '--executor', '\u001b]0;owned\u0007'],
    ['plan', 'evil.ts'],
    ['plan', 'evil.ts', ...json],
    ['graph', 'evil.ts'],
    ...['mermaid', 'dot', 'svg', 'json'].map((format) => ['graph', 'evil.ts', '--format', format]),
    ['ls'],
    ['ls', ...json],
    ['stats'],
    ['stats', ...json],
    ['show', keyOf('Evil')],
    ['show', keyOf('Evil'), ...json],
    ['show', keyOf('Text')],
    ['show', keyOf('Text'), '--raw'],
    ['show', 'Evil\u001b]0;owned\u0007/1'],
    ['clear', keyOf('Evil')],
    ['rm', keyOf('Evil')],
  ]) {
    const said = await run(args);
    try {
      expectSafe(said);
    } catch (error) {
      throw new Error(`tidemark ${JSON.stringify(args)}: ${(error as Error).message}`);
    }
  }
  // Each command is a process that compiles TypeScript.
}, 300_000);

it('are visible in the progress on a terminal', async () => {
  const { code, err } = await run(['run', 'evil.ts', '--force'], { TERMINAL: 'both', CI: '', NO_COLOR: '' });
  expect(code).toBe(0);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences of the progress display
  const withoutOwn = err.replaceAll(/\u001b\[(?:\d*[AKJ]|\d+m)|\r|\n/g, '');
  expect(withoutOwn).toContain('owned');
  expect(withoutOwn).not.toMatch(/\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u);
});

it('are unchanged in a result that goes into a pipe', async () => {
  const { out } = await tidemark(['show', keyOf('Text'), '--raw'], { cwd: folder.path });
  expect(out).toBe(JSON.parse(`"${hostile.replaceAll('\\r', '\\u000d')}"`));
});
