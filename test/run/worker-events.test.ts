import 'reflect-metadata';
import { join } from 'node:path';
import { processes, type RunEvent, Runner, Task, task, threads } from 'tidemark';
import { Exits, Hurries, Talks } from '../executors/fixtures/talking';
import { collect } from '../support/collect';
import { outcomeOf } from '../support/outcome';
import { Square } from './fixtures/worker-tasks';

const options = {
  modules: [join(__dirname, 'fixtures/worker-tasks.ts'), join(__dirname, '../executors/fixtures/talking.ts')],
  execArgv: ['-r', join(__dirname, '../support/register.js')],
};
const told = (event: RunEvent | object) => {
  const { type, worker } = event as { type: string; worker?: string };
  return worker === undefined ? type : `${type} ${worker.replace(/\d+$/, 'n')}`;
};

beforeEach(() => void jest.spyOn(process.stdout, 'write').mockReturnValue(true));
afterEach(() => jest.restoreAllMocks());

it.each([
  ['threads', () => threads({ ...options, size: 1 })],
  ['processes', () => processes({ ...options, size: 1 })],
])('says which of the %s runs a task, once it does', async (pool, open) => {
  const runner = new Runner({ storage: 'memory:', executor: open() });
  const { events } = await outcomeOf(runner.start(Square, { n: 3 }));
  await runner.close();
  const [assigned] = events.filter(({ type }) => type === 'task-assigned');
  expect(events.map(told)).toEqual([
    'run-started',
    'task-started',
    `task-assigned ${pool} n`,
    'task-saved',
    'task-finished',
    'run-finished',
  ]);
  expect(assigned).toMatchObject(pool === 'processes' ? { pid: expect.any(Number) } : {});
});

it('counts no time in which a task waits for a worker', async () => {
  const runner = new Runner({ storage: 'memory:', executor: threads({ ...options, size: 1 }) });
  const run = runner.start([1, 2, 3, 4].map((lines) => task(Talks, { lines, milliseconds: 30 })));
  const events = await collect(run.events);
  await runner.close();
  const all = (events.at(-1)!.time - events[0]!.time) / 1000;
  const seconds = events.map((event) => (event.type === 'task-finished' ? event.seconds : 0));
  expect(seconds.filter((one) => one > 0)).toHaveLength(4);
  expect(seconds.reduce((sum, one) => sum + one)).toBeLessThan(1.4 * all);
});

it('begins to count towards a timeout when a worker takes the task', async () => {
  const runner = new Runner({ storage: 'memory:', executor: threads({ ...options, size: 1 }) });
  const first = task(Talks, { lines: 0, milliseconds: 1_500 });
  const { result, events } = await outcomeOf(runner.start([first, task(Hurries, { milliseconds: 1 })]));
  expect(result).toEqual(['said', 'hurried']);
  const order = events.flatMap((event) => ('node' in event && event.node ? [`${event.type} ${event.node.task}`] : []));
  expect(order.indexOf('task-assigned Hurries')).toBeGreaterThan(order.indexOf('task-assigned Talks'));
  const { error } = await outcomeOf(runner.start(Hurries, { milliseconds: 60_000 }));
  expect(error.errors[0].cause.message).toBe('it took longer than its timeout of 1000 ms');
  await runner.close();
});

it('tells what tasks print in processes, whatever becomes of them', async () => {
  const runner = new Runner({
    storage: 'memory:',
    executor: processes({ ...options, size: 1 }),
    onFailure: 'continue',
  });
  const targets = [task(Talks, { lines: 2 }), task(Talks, { lines: 3, fails: true }), Exits, task(Square, { n: 1 })];
  const { events } = await outcomeOf(runner.start(targets));
  await runner.close();
  const printed = events.flatMap((event) =>
    event.type === 'task-printed' ? [[event.node.task, event.output.replaceAll('\r', '')]] : [],
  );
  expect(printed.sort()).toEqual([
    ['Exits', 'last words\n'],
    ['Talks', 'line 1\nline 2\n'],
    ['Talks', 'line 1\nline 2\nline 3\n'],
  ]);
  for (const end of ['task-finished', 'task-failed'])
    expect(events.findIndex(({ type }) => type === end)).toBeGreaterThan(
      events.findIndex(({ type }) => type === 'task-printed'),
    );
});

it('tells no more than the end of what a task prints', async () => {
  const runner = new Runner({ storage: 'memory:', executor: processes({ ...options, size: 1 }) });
  const { events } = await outcomeOf(runner.start(Talks, { lines: 20_000 }));
  await runner.close();
  const [printed] = events.flatMap((event) => (event.type === 'task-printed' ? [event.output] : []));
  expect([printed!.length, printed!.endsWith('line 20000\n')]).toEqual([64 * 1024, true]);
});

it('says nothing of workers for what runs in process', async () => {
  @Task()
  class Here {
    run(): number {
      return 1;
    }
  }
  const { events } = await outcomeOf(new Runner({ storage: 'memory:' }).start(Here));
  expect(events.map(told)).toEqual(['run-started', 'task-started', 'task-finished', 'run-finished']);
});
