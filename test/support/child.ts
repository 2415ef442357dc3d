import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const register = join(__dirname, 'register.js');

/** Exit code and output of a fixture. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
}

/** A TypeScript fixture in a separate process. */
export class Child {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;

  constructor(
    fixture: string,
    args: readonly string[] = [],
    { nodeOptions = [] as string[], cwd = process.cwd() } = {},
  ) {
    this.process = spawn(process.execPath, [...nodeOptions, '-r', register, fixture, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd,
    });
    this.ended = Promise.all([once(this.process, 'exit'), text(this.process.stdout!)]).then(
      ([[code, signal], output]) => ({ code, signal, output }),
    );
  }
}

/** Runs a fixture that ends with code 0 and prints JSON. */
export async function runChild<T>(
  fixture: string,
  args: readonly string[] = [],
  options?: ConstructorParameters<typeof Child>[2],
): Promise<T> {
  const { code, signal, output } = await new Child(fixture, args, options).ended;
  if (code !== 0) throw new Error(`${fixture} ended with ${code ?? signal}: ${output}`);
  return JSON.parse(output) as T;
}
