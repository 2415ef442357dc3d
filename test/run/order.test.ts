import 'reflect-metadata';
import { Param, Requires, type Run, Runner, type RunnerOptions, Task, type TaskClass, task } from 'tidemark';

const held = { now: 0, most: 0 };
beforeEach(() => Object.assign(held, { now: 0, most: 0 }));

const turn = () => new Promise((resolve) => setImmediate(resolve));
const branches = 1_000;
const kept = new Map<string, Uint8Array>();

@Task({ queue: 'work' })
class Open {
  @Param() n!: number;
  async run(): Promise<{ n: number }> {
    await turn();
    held.most = Math.max(held.most, ++held.now);
    return { n: this.n };
  }
}

@Task({ queue: 'work' })
class Refine {
  @Param() n!: number;
  @Requires(Open) opened!: { n: number };
  async run(): Promise<{ n: number }> {
    await turn();
    return this.opened;
  }
}

@Task({ queue: 'work' })
class Close {
  @Param() n!: number;
  @Requires(Refine) refined!: { n: number };
  async run(): Promise<number> {
    await turn();
    held.now--;
    return this.refined.n;
  }
}

@Task()
class Sum {
  @Requires(() => Array.from({ length: branches }, (_, n) => task(Close, { n }))) closed!: number[];
  run(): number {
    return this.closed.reduce((sum, n) => sum + n);
  }
}

it.each<[string, RunnerOptions, number]>([
  ['one at a time', { concurrency: 1 }, 1],
  ['four at a time', { concurrency: 4 }, 5],
  ['in a queue for one', { queues: { work: { concurrency: 1 } } }, 1],
  ['in a queue for four', { queues: { work: { concurrency: 4 } } }, 5],
])('finishes what is begun before it begins something new: %s', async (_, options, most) => {
  expect(await new Runner({ storage: 'memory:', ...options }).run(Sum)).toBe((branches * (branches - 1)) / 2);
  expect(held.most).toBeLessThanOrEqual(most);
});

@Task()
class Now {
  @Param() n!: number;
  run(): number {
    return this.n;
  }
}

@Task()
class Soon {
  @Param() n!: number;
  async run(): Promise<number> {
    return this.n;
  }
}

@Task({ save: true })
class Saved {
  @Param() n!: number;
  run(): number {
    return this.n;
  }
}

/** How often other work had its turn, and how long it took, from the start of a run to its end. */
async function turnsDuring(run: Run<unknown>): Promise<{ turns: number; milliseconds: number }> {
  let turns = 0;
  for await (const { type } of run.events) if (type === 'run-started') break;
  const start = performance.now();
  const timer = setInterval(() => turns++, 5);
  await run.result;
  clearInterval(timer);
  return { turns, milliseconds: performance.now() - start };
}

it.each<[string, TaskClass, number]>([
  ['200,000 sync tasks run', Now, 200_000],
  ['200,000 async tasks run', Soon, 200_000],
  ['50,000 tasks are looked up, run and saved', Saved, 50_000],
  ['50,000 checkpoints are looked up and loaded', Saved, 50_000],
])('lets other work have its turn while %s', async (_, cls, count) => {
  const runner = new Runner({ storage: kept });
  const { turns, milliseconds } = await turnsDuring(
    runner.start(Array.from({ length: count }, (_, n) => task(cls as typeof Now, { n }))),
  );
  expect(turns).toBeGreaterThan(milliseconds / 250);
});

it('goes through a queue that 50,000 tasks wait for in a time that grows with their number', async () => {
  const runner = new Runner({ storage: 'memory:', queues: { Soon: { concurrency: 1 } } });
  const timed = async (count: number) => {
    const start = performance.now();
    await runner.run(Array.from({ length: count }, (_, n) => task(Soon, { n })));
    return performance.now() - start;
  };
  await timed(5_000);
  expect((await timed(50_000)) / (await timed(5_000))).toBeLessThan(25);
});

it('goes through 150,000 that wait in a queue', async () => {
  const runner = new Runner({ storage: 'memory:', queues: { Soon: { concurrency: 8 } } });
  expect((await runner.run(Array.from({ length: 150_000 }, (_, n) => task(Soon, { n })))).length).toBe(150_000);
});
