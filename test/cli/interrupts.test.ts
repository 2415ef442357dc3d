import { temporaryFolder } from '../support/temporary-folder';
import { StartedCommand, tidemark, write } from './support/cli';

const folder = temporaryFolder();

/** The first task ends after a while, or never; the second one needs it. */
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

const start = () => new StartedCommand(['run', 'slow.ts'], { cwd: folder.path });

it('finishes and saves what is running, and says how to go on', async () => {
  fileWith(500);
  const command = start();
  await command.hears('Slow runs');
  command.process.kill('SIGINT');
  const { code, out, err } = await command.ended;
  expect([code, out]).toEqual([130, '']);
  expect(err).toContain('1 result is saved');
  expect(err).toContain('To go on, give the same command again.');
  const again = await tidemark(['run', 'slow.ts'], { cwd: folder.path });
  expect([again.out, again.err.includes('Slow runs')]).toEqual(['1\n', false]);
});

it('stops at once the second time', async () => {
  fileWith(100_000_000);
  const command = start();
  await command.hears('Slow runs');
  command.process.kill('SIGINT');
  await command.hears('Ctrl-C again');
  command.process.kill('SIGINT');
  const { code, err } = await command.ended;
  expect([code, err.includes('Main runs')]).toEqual([130, false]);
});
