import 'reflect-metadata';
import { Param, Requires, type RunEvent, Runner, Task, type TaskContext, task } from 'tidemark';
import { type RunHappening } from 'tidemark/extend';
import { outcomeOf } from '../support/outcome';

@Task({ save: true })
class Base {
  @Param() n!: number;
  async run(context: TaskContext): Promise<number> {
    context.progress(1, 2);
    context.progress(0.9);
    if (this.n < 0) throw new Error('negative');
    return this.n;
  }
}

@Task()
class Square {
  @Param() n!: number;
  @Requires(Base) base!: number;
  run(context: TaskContext): string {
    return `${context.task} ${context.key.split('/')[0]} ${context.attempt} ${context.signal.aborted} ${this.base ** 2}`;
  }
}

const told = (events: readonly RunHappening[]) =>
  events.map((event) => ('node' in event && event.node ? `${event.type} ${event.node.task}` : event.type));
const open = () => new Runner({ storage: 'memory:' });

it('tells what happens, in order', async () => {
  const runner = open();
  const { result, events, summary } = await outcomeOf(runner.start(Square, { n: 3 }));
  expect(result).toBe('Square Square 1 false 9');
  expect(told(events)).toEqual([
    'run-started',
    'task-started Base',
    'task-progressed Base',
    'task-progressed Base',
    'task-saved Base',
    'task-finished Base',
    'task-started Square',
    'task-finished Square',
    'run-finished',
  ]);
  expect(events[0]).toEqual({
    type: 'run-started',
    target: [{ key: await runner.key(Square, { n: 3 }), task: 'Square', params: { n: 3 } }],
  });
  expect(events[6]).toMatchObject({
    attempt: 1,
    queue: 'Square',
    executor: 'inline',
    requires: [await runner.key(Base, { n: 3 })],
  });
  expect(events.slice(2, 4)).toMatchObject([{ done: 1, total: 2 }, { done: 0.9 }]);
  expect(events.at(-1)).toEqual({ type: 'run-finished', summary });
  expect(summary).toMatchObject({
    ran: 2,
    loaded: 0,
    failed: 0,
    skipped: 0,
    saved: 1,
    savedBytes: expect.any(Number),
    storageErrors: [],
    warnings: [],
  });
  const again = await outcomeOf(runner.start(Square, { n: 3 }));
  expect(told(again.events)).toEqual([
    'run-started',
    'task-loaded Base',
    'task-started Square',
    'task-finished Square',
    'run-finished',
  ]);
});

it('tells what failed and what does not run for that', async () => {
  const { events, error } = await outcomeOf(open().start(Square, { n: -1 }));
  expect(told(events).slice(-3)).toEqual(['task-failed Base', 'task-skipped Square', 'run-finished']);
  expect(events.at(-3)).toMatchObject({ willRetry: false, error: error.errors[0] });
});

it('tells every listener everything, however slow one of them is', async () => {
  const run = open().start([1, 2, 3].map((n) => task(Square, { n })));
  const listen = async (delay: number) => {
    const events: RunEvent[] = [];
    for await (const event of run.events) {
      events.push(event);
      if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    }
    return [events, performance.now()] as const;
  };
  const fast = listen(0);
  const slow = listen(3);
  await run.result;
  const [[fastEvents, fastEnd], [slowEvents, slowEnd]] = await Promise.all([fast, slow]);
  expect(slowEvents).toEqual(fastEvents);
  expect(slowEnd - fastEnd).toBeGreaterThan(3 * (slowEvents.length - 2));
});

it('goes on when a listener leaves early, and tells nothing to one that comes after the end', async () => {
  const run = open().start(Square, { n: 4 });
  for await (const event of run.events) if (event.type === 'task-started') break;
  expect(await run.result).toContain('16');
  await run.summary;
  const late: RunEvent[] = [];
  for await (const event of run.events) late.push(event);
  expect(late).toEqual([]);
});

it('makes no events when nobody listens, and no keys that nobody reads', async () => {
  let made = 0;
  @Task({ key: () => `key ${++made}` })
  class Keyed {
    run(): number {
      return 1;
    }
  }
  const run = open().start(Keyed);
  await run.result;
  expect(made).toBe(0);
  const keys: unknown[] = [];
  for await (const event of open().start(Keyed).events) {
    if (event.type !== 'task-started') continue;
    expect(made).toBe(0);
    keys.push(event.node.key, { ...event.node }.key, JSON.parse(JSON.stringify(event)).node.key);
  }
  expect([made, keys]).toEqual([1, Array(3).fill('Keyed/key%201')]);
});

it('ends the events of a run that could not begin', async () => {
  const run = open().start(Square, { n: 1, m: 3 } as never);
  const events: RunEvent[] = [];
  for await (const event of run.events) events.push(event);
  expect(events).toEqual([]);
  await expect(run.result).rejects.toThrow('Square has no param m');
  await expect(run.summary).rejects.toThrow('Square has no param m');
});
