import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';

const root = resolve(__dirname, '../../..');
const fromSource = ['-r', join(root, 'test/support/register.js'), join(root, 'src/cli/main.ts')];

/** Exit code and output of a command. */
export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface HowToStart {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments of Node before those of the command. @default to run the source */
  readonly program?: readonly string[];
  /** File descriptor of stdout. @default a pipe */
  readonly stdout?: number | 'pipe';
  /** A program that starts Node, with its arguments: `['unshare', '--pid']`. */
  readonly wrapper?: readonly string[];
}

/** A running command. */
export class StartedCommand {
  readonly process: ChildProcess;
  readonly ended: Promise<Said>;

  constructor(
    args: readonly string[],
    { cwd, env = {}, program = fromSource, wrapper = [], stdout: to = 'pipe' }: HowToStart,
  ) {
    const { TIDEMARK_STORAGE: _, ...inherited } = process.env;
    const [file, ...rest] = [...wrapper, process.execPath, ...program, ...args];
    this.process = spawn(file!, rest, {
      cwd,
      env: { ...inherited, ...env },
      stdio: ['ignore', to, 'pipe'],
    });
    const { stdout, stderr } = this.process;
    this.ended = Promise.all([once(this.process, 'close'), stdout ? text(stdout) : '', text(stderr!)]).then(
      ([[code], out, err]) => ({
        code,
        out,
        err,
      }),
    );
  }

  /** Waits until the command has written a text to stderr or stdout. */
  hears(words: string): Promise<void> {
    return new Promise((done) => {
      let heard = '';
      for (const stream of [this.process.stdout, this.process.stderr])
        stream?.on('data', (chunk) => {
          heard += chunk;
          if (heard.includes(words)) done();
        });
    });
  }
}

/** Runs a command until it ends. */
export function tidemark(args: readonly string[], how: HowToStart): Promise<Said> {
  return new StartedCommand(args, how).ended;
}

/** Writes files into a folder, by name. */
export function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

/** Two saved tasks and an unsaved one, which print when they run. */
export const trainFile = `
import { Param, Requires, Task } from 'tidemark';

@Task({ save: true })
export class Load {
  @Param() path!: string;
  run(): string[] {
    console.error('Load runs');
    return [this.path];
  }
}

@Task({ save: true, version: 1 })
export class Train {
  @Param() path!: string;
  @Param({ describe: 'how often' }) epochs: number = 10;
  @Requires(Load) data!: string[];
  run(): { data: string[]; epochs: number } {
    console.error('Train runs');
    return { data: this.data, epochs: this.epochs };
  }
}

@Task()
export class Main {
  @Param() path: string = 'a.csv';
  @Requires(Train) model!: { epochs: number };
  run(): string {
    return 'trained for ' + this.model.epochs;
  }
}
`;
