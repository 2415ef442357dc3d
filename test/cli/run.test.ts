import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTrace } from '../report/support/read-trace';
import { temporaryFolder } from '../support/temporary-folder';
import { tidemark, trainFile, write } from './support/cli';

const folder = temporaryFolder();
const run = (...args: string[]) => tidemark(['run', ...args], { cwd: folder.path });

beforeEach(() => write(folder.path, { 'train.ts': trainFile }));

it('runs Main by default, and prints only its result on stdout', async () => {
  expect(await run('train.ts')).toMatchObject({ code: 0, out: 'trained for 10\n' });
});

it('runs a named task, and loads results saved beside the file', async () => {
  const first = await run('train.ts', 'Train', '--path', 'b.csv');
  const second = await run('train.ts', 'Train', '--path', 'b.csv');
  expect([first.out, second.out]).toEqual(Array(2).fill("{ data: [ 'b.csv' ], epochs: 10 }\n"));
  expect([first.err.includes('Train runs'), second.err.includes('Train runs')]).toEqual([true, false]);
  expect(existsSync(join(folder.path, '.tidemark/Train'))).toBe(true);
});

it('prints JSON for programs', async () => {
  const { out } = await run('train.ts', 'Train', '--path', 'b.csv', '--json');
  expect(out).toBe('{"data":["b.csv"],"epochs":10}\n');
});

it('prefers params of arguments to JSON, and JSON to a file', async () => {
  write(folder.path, { 'params.json': '{"path":"file.csv","epochs":1}' });
  const { out } = await run('train.ts', 'Train', '--json', '--params-file', 'params.json', '--params', '{"epochs":2}');
  expect(JSON.parse(out)).toEqual({ data: ['file.csv'], epochs: 2 });
  const all = ['--params-file', 'params.json', '--params', '{"epochs":2}', '--epochs=3'];
  expect(JSON.parse((await run('train.ts', 'Train', '--json', ...all)).out).epochs).toBe(3);
});

it('lists the params of the task in its help', async () => {
  const { code, out } = await run('train.ts', 'Train', '--help');
  expect(code).toBe(0);
  expect(out).toMatch(/^ {2}--epochs <number> {2}how often \(default: 10\)$/m);
  expect(out).toMatch(/^ {2}--path <text> {6}\(required\)$/m);
});

it('recomputes forced tasks', async () => {
  await run('train.ts');
  const { err } = await run('train.ts', '--force', 'Train');
  expect([err.includes('Train runs'), err.includes('Load runs')]).toEqual([true, false]);
});

it('prints only the result with --quiet', async () => {
  write(folder.path, {
    'hi.ts': "import { Task } from 'tidemark';\n@Task() export class Main { run() { return 'hi'; } }",
  });
  expect(await run('hi.ts', '--quiet')).toEqual({ code: 0, out: 'hi\n', err: '' });
});

it.each(['inline', 'threads', 'processes'])('keeps output of tasks in %s off stdout', async (executor) => {
  write(folder.path, {
    'prints.ts': `
      import { Task } from 'tidemark';
      console.log('the file is loaded');
      @Task() export class Main {
        run() {
          console.log('it runs');
          process.stdout.write(Buffer.from('in bytes'));
          return { a: 1 };
        }
      }`,
  });
  const { code, out, err } = await run('prints.ts', '--json', '--executor', executor);
  expect([code, out]).toEqual([0, '{"a":1}\n']);
  for (const line of ['the file is loaded', 'it runs', 'in bytes']) expect(err).toContain(line);
});

it.each(['threads', 'processes'])('runs tasks in %s', async (executor) => {
  write(folder.path, {
    'where.ts': `
      import { threadId } from 'node:worker_threads';
      import { Task } from 'tidemark';
      @Task() export class Main { run() { return { pid: process.pid, threadId }; } }`,
  });
  const { out } = await run('where.ts', '--executor', executor, '--workers', '1', '--json');
  const { pid, threadId } = JSON.parse(out);
  expect([threadId > 0, pid > 0]).toEqual([executor === 'threads', true]);
});

it('limits a queue', async () => {
  write(folder.path, {
    'queue.ts': `
      import { setTimeout } from 'node:timers/promises';
      import { Param, Requires, Task, task } from 'tidemark';
      let running = 0;
      @Task({ queue: 'gpu' }) export class Part {
        @Param() i!: number;
        async run(): Promise<number> {
          running++;
          await setTimeout(20);
          return running--;
        }
      }
      @Task() export class Main {
        @Requires(() => [1, 2, 3].map((i) => task(Part, { i }))) parts!: number[];
        run() { return this.parts; }
      }`,
  });
  expect((await run('queue.ts', '--queue', 'gpu=1', '--json')).out).toBe('[1,1,1]\n');
  expect((await run('queue.ts', '--json')).out).toBe('[3,2,1]\n');
});

it('writes a trace and a picture of the run', async () => {
  await run('train.ts', '--trace', 'trace.json', '--graph', 'graph.json');
  const { slices, lanes } = readTrace(readFileSync(join(folder.path, 'trace.json'), 'utf8'));
  expect([slices.length > 0, lanes]).toEqual([true, ['inline 1']]);
  const { nodes } = JSON.parse(readFileSync(join(folder.path, 'graph.json'), 'utf8'));
  expect(nodes.map(({ task, state }: { task: string; state: string }) => [task, state])).toEqual([
    ['Load', 'ran'],
    ['Train', 'ran'],
    ['Main', 'ran'],
  ]);
});

it('ends although the file leaves timers open', async () => {
  write(folder.path, {
    'timer.js': `
      const { Task } = require('tidemark');
      setInterval(() => {}, 1000);
      class Main { run() { return 1; } }
      Task()(Main);
      exports.Main = Main;`,
  });
  expect(await run('timer.js')).toMatchObject({ code: 0, out: '1\n' });
});
