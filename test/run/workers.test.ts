import 'reflect-metadata';
import { join } from 'node:path';
import {
  type Executor,
  processes,
  Requires,
  Runner,
  Storage,
  Task,
  TaskTimeoutError,
  task,
  threads,
  WorkerLostError,
} from 'tidemark';
import { collect } from '../support/collect';
import { outcomeOf } from '../support/outcome';
import { Away, Busy, Dies, Lists, Local, Rests, Spins, Square, Sums, Where } from './fixtures/worker-tasks';

const options = {
  modules: [join(__dirname, 'fixtures/worker-tasks.ts')],
  execArgv: ['-r', join(__dirname, '../support/register.js')],
  size: 2,
};
const quiet = { storage: 'memory:' as const, onWarning: () => {} };
let pool: Executor;
afterEach(() => pool.close?.());

describe.each([
  ['threads', () => threads(options)],
  ['processes', () => processes(options)],
])('in %s', (_, open) => {
  beforeEach(() => void (pool = open()));

  it('lets a run that is stopped finish what workers have begun, and gives back the rest', async () => {
    const run = new Runner({ ...quiet, executor: pool }).start([1, 2, 3, 4, 5, 6].map((n) => task(Rests, { n })));
    for await (const event of run.events) if (event.type === 'task-finished') run.stop();
    await expect(run.result).rejects.toThrow('the run was stopped');
    const { ran, failed, skipped } = await run.summary;
    expect(failed).toBe(0);
    // Two ran when the first was done, and whoever was done by then may have begun another.
    expect([ran <= 4, ran + skipped]).toEqual([true, 6]);
  });

  it('runs each task where its queue says', async () => {
    const runner = new Runner({
      ...quiet,
      queues: { cpu: { executor: pool }, Where: { executor: pool, concurrency: 1 } },
    });
    const { local, away, square } = await runner.run({
      local: Local,
      away: Away,
      square: task(Square, { n: 3 }),
      where: Where,
    });
    const here = `${process.pid} main`;
    expect([local, away === here, square]).toEqual([here, false, 9]);
    expect(await runner.run(Local, {}, { queues: { Local: { executor: pool } } })).not.toBe(here);
  });

  it('saves what they made, and loads it without them', async () => {
    const storage = Storage.open('memory:');
    const executor = pool;
    const first = await outcomeOf(new Runner({ storage, executor }).start(Sums, { upTo: 4 }));
    expect([first.result, first.summary.ran, first.summary.saved]).toEqual([30, 5, 5]);
    const again = await outcomeOf(new Runner({ storage }).start(Sums, { upTo: 4 }));
    expect([again.result, again.summary.ran, again.summary.loaded]).toEqual([30, 0, 1]);
    expect((await collect(storage.list({ task: Square }))).length).toBe(4);
  });

  it('runs the refs that a result from a worker holds', async () => {
    const storage = Storage.open('memory:');
    const runner = new Runner({ storage, executor: pool });
    expect(await runner.run(Lists, { upTo: 3 })).toEqual([1, 4, 9]);
    expect(await new Runner({ storage }).run(Lists, { upTo: 3 })).toEqual([1, 4, 9]);
  });

  it('ends a task that is busy beyond its timeout, and goes on with others', async () => {
    const runner = new Runner({ ...quiet, executor: pool, onFailure: 'continue' });
    const start = performance.now();
    const { error, summary } = await outcomeOf(runner.start([Busy, task(Square, { n: 2 })]));
    expect(error.errors[0].cause).toBeInstanceOf(TaskTimeoutError);
    expect(summary.ran).toBe(1);
    expect(await runner.run(Square, { n: 5 })).toBe(25);
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  it('ends a busy task when its run is cancelled, and loses nothing that is finished', async () => {
    const storage = Storage.open('memory:');
    const runner = new Runner({ storage, executor: pool, onWarning: () => {} });
    const run = runner.start([task(Square, { n: 2 }), Spins]);
    for await (const event of run.events) if (event.type === 'task-saved') run.cancel(new Error('enough'));
    await expect(run.result).rejects.toThrow(/enough/);
    expect((await run.summary).saved).toBe(1);
    await runner.close();
  });

  it('tries again what a worker died of, and leaves its neighbours alone', async () => {
    const runner = new Runner({ ...quiet, executor: pool });
    const { result, events } = await outcomeOf(runner.start([Dies, task(Square, { n: 2 }), task(Square, { n: 3 })]));
    expect(result).toEqual(['survived', 4, 9]);
    const failed = events.filter(({ type }) => type === 'task-failed') as any[];
    expect(failed.map(({ willRetry, error }) => [willRetry, error.cause instanceof WorkerLostError])).toEqual([
      [true, true],
    ]);
  });

  it('gives tasks in process the results of tasks in workers, and the other way round', async () => {
    @Task()
    class Mixed {
      @Requires(() => [task(Square, { n: 2 }), task(Sums, { upTo: 2 })]) parts!: number[];
      run(): number {
        return this.parts[0]! + this.parts[1]!;
      }
    }
    const runner = new Runner({ ...quiet, queues: { Sums: { executor: pool } } });
    expect(await runner.run(Mixed)).toBe(9);
  });
});
