import 'reflect-metadata';
import { Param, Requires, Runner, type RunnerOptions, Task, task } from 'tidemark';

const held = { now: 0, most: 0 };
beforeEach(() => Object.assign(held, { now: 0, most: 0 }));

const turn = () => new Promise((resolve) => setImmediate(resolve));
const branches = 1_000;

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

/** The longest time in milliseconds that nothing else had its turn. */
async function longestPause(work: () => Promise<unknown>): Promise<number> {
  let last = performance.now();
  let longest = 0;
  const tick = () => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  };
  const timer = setInterval(tick, 5);
  await work();
  tick();
  clearInterval(timer);
  return longest;
}

it.each([['sync', Now], ['async', Soon]] as const)('lets other work have its turn while 200,000 %s tasks run', async (_, cls) => {
  const runner = new Runner({ storage: 'memory:' });
  const pauses: number[] = [];
  let first = 0;
  const refs = Array.from({ length: 200_000 }, (_, n) => task(cls as typeof Now, { n }));
  const run = runner.start(refs);
  // Measured from the first task to the last: how the graph is made is tested elsewhere.
  const timer = setInterval(() => pauses.push(performance.now()), 5);
  for await (const event of run.events) if (event.type === 'task-started') { first = performance.now(); break; }
  await run.result;
  const last = performance.now();
  clearInterval(timer);
  expect(pauses.filter((at) => at > first && at < last).length).toBeGreaterThan((last - first) / 200);
});

it('goes through a queue that 100,000 tasks wait for in a time that grows with their number', async () => {
  const runner = new Runner({ storage: 'memory:', queues: { Soon: { concurrency: 1 } } });
  const timed = async (count: number) => {
    const start = performance.now();
    await runner.run(Array.from({ length: count }, (_, n) => task(Soon, { n })));
    return performance.now() - start;
  };
  await timed(5_000);
  expect((await timed(100_000)) / (await timed(10_000))).toBeLessThan(25);
});

it('goes through 150,000 that wait in a queue', async () => {
  const runner = new Runner({ storage: 'memory:', queues: { Soon: { concurrency: 8 } } });
  expect((await runner.run(Array.from({ length: 150_000 }, (_, n) => task(Soon, { n })))).length).toBe(150_000);
});
