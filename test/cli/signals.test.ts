import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { temporaryFolder } from '../support/temporary-folder';
import { StartedCommand, tidemark, write } from './support/cli';

const folder = temporaryFolder();

/** A task that ends after a while, or never, and one that requires it. */
const fileWith = (milliseconds: number) =>
  write(folder.path, {
    'slow.ts': `
      import { setTimeout } from 'node:timers/promises';
      import { Requires, Task } from 'tidemark';
      @Task({ save: true }) export class Slow {
        async run(): Promise<number> {
          console.error('Slow runs');
          await setTimeout(${milliseconds});
          return 1;
        }
      }
      @Task({ save: true }) export class Main {
        @Requires(Slow) slow!: number;
        run(): number {
          console.error('Main runs');
          return this.slow;
        }
      }`,
  });

const started: StartedCommand[] = [];
afterEach(() => {
  for (const { process } of started.splice(0)) process.kill('SIGKILL');
});

function startCommand(args: readonly string[], wrapper: readonly string[] = []): StartedCommand {
  const command = new StartedCommand(args, { cwd: folder.path, wrapper });
  started.push(command);
  return command;
}

const start = () => startCommand(['run', 'slow.ts']);

const signals = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const;

it.each(signals)('finishes and saves running tasks on %s, and says how to continue', async (signal, exitCode) => {
  fileWith(500);
  const command = start();
  await command.hears('Slow runs');
  command.process.kill(signal);
  const { code, out, err } = await command.ended;
  expect([code, out]).toEqual([exitCode, '']);
  expect(err).toContain('1 result is saved');
  expect(err).toContain('Run the same command again to continue.');
  const again = await tidemark(['run', 'slow.ts'], { cwd: folder.path });
  expect([again.out, again.err.includes('Slow runs')]).toEqual(['1\n', false]);
});

it.each([
  ['SIGINT', 'SIGINT', 130],
  ['SIGTERM', 'SIGTERM', 143],
  ['SIGTERM', 'SIGINT', 130],
  ['SIGHUP', 'SIGTERM', 143],
] as const)('stops at once when %s is followed by %s', async (first, second, exitCode) => {
  fileWith(100_000_000);
  const command = start();
  await command.hears('Slow runs');
  command.process.kill(first);
  await command.hears('to stop at once');
  command.process.kill(second);
  const { code, err } = await command.ended;
  expect([code, err.includes('Main runs')]).toEqual([exitCode, false]);
});

it('counts a hang-up from the shell and from the kernel as one', async () => {
  fileWith(700);
  const command = start();
  await command.hears('Slow runs');
  command.process.kill('SIGHUP');
  await command.hears('to stop at once');
  command.process.kill('SIGHUP');
  const { code, err } = await command.ended;
  expect([code, err.includes('1 result is saved')]).toEqual([129, true]);
});

it('keeps saving when the terminal is closed', async () => {
  fileWith(500);
  const command = start();
  await command.hears('Slow runs');
  const exited = once(command.process, 'exit');
  // Its output is lost.
  command.ended.catch(() => {});
  command.process.stderr!.destroy();
  command.process.kill('SIGHUP');
  expect((await exited)[0]).toBe(129);
  const again = await tidemark(['run', 'slow.ts'], { cwd: folder.path });
  expect([again.out, again.err.includes('Slow runs')]).toEqual(['1\n', false]);
});

it('ends at once by a signal before anything runs', async () => {
  write(folder.path, { 'endless.ts': "console.error('loading'); for (;;); export {};" });
  const command = startCommand(['run', 'endless.ts']);
  await command.hears('loading');
  command.process.kill('SIGTERM');
  await command.ended;
  expect(command.process.signalCode).toBe('SIGTERM');
});

/** In its own PID namespace the command is process 1, as in a container: the kernel does not end it by a signal. */
const isolated = ['--user', '--map-root-user', '--pid', '--fork', '--kill-child'];
const canIsolate = spawnSync('unshare', [...isolated, 'true']).status === 0;

describe('as process 1', () => {
  if (!canIsolate) {
    // For containers without the right to make namespaces; a Docker image shows the same.
    it.skip('needs the right to make PID namespaces', () => {});
    return;
  }

  const startIsolated = (args: readonly string[]) => startCommand(args, ['unshare', ...isolated]);

  it('finishes and saves running tasks on SIGTERM', async () => {
    fileWith(500);
    const command = startIsolated(['run', 'slow.ts']);
    await command.hears('Slow runs');
    process.kill(childOf(command.process.pid!), 'SIGTERM');
    const { code, err } = await command.ended;
    expect([code, err.includes('1 result is saved')]).toEqual([143, true]);
  });

  it('ends other commands at once on SIGTERM', async () => {
    write(folder.path, {
      'endless.ts': `
        import { Task } from 'tidemark';
        @Task() export class Main {
          fingerprint(): Promise<string> {
            console.error('planning');
            setInterval(() => {}, 1000);
            return new Promise(() => {});
          }
          run(): void {}
        }`,
    });
    const command = startIsolated(['plan', 'endless.ts']);
    await command.hears('planning');
    process.kill(childOf(command.process.pid!), 'SIGTERM');
    expect((await command.ended).code).toBe(143);
  });
});

function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
}
