import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { Param, Requires, Runner, type RunnerOptions, Task, task } from 'tidemark';

let runner: Runner;
let now = 0;
let most = 0;

@Task({ queue: 'pages' })
class Page {
  @Param() n!: number;
  async run(): Promise<number> {
    most = Math.max(most, ++now);
    await sleep(2);
    now--;
    return this.n;
  }
}

/** Asks the runner for more, at once or later. */
@Task({ queue: 'sites' })
class Site {
  @Param() n!: number;
  @Param() later = false;
  async run(): Promise<number> {
    if (this.later) await sleep(1);
    const [a, b] = await Promise.all([runner.run(Page, { n: this.n }), runner.run(Page, { n: -this.n })]);
    return a + b + (await runner.run(Page, { n: this.n }));
  }
}

@Task()
class All {
  @Param() count!: number;
  @Param() later = false;
  @Requires((self: All) => Array.from({ length: self.count }, (_, n) => task(Site, { n, later: self.later })))
  all!: number[];
  run(): number {
    return this.all.reduce((sum, n) => sum + n, 0);
  }
}

/** Nested in itself as deep as its number. */
@Task({ queue: 'pages' })
class Deep {
  @Param() depth!: number;
  async run(): Promise<number> {
    if (this.depth === 0) return 0;
    return 1 + (await runner.run(Deep, { depth: this.depth - 1 }));
  }
}

const start = (options: RunnerOptions = {}) => {
  now = most = 0;
  runner = new Runner({ storage: 'memory:', ...options });
  return runner;
};

it.each([false, true])('finishes when as many tasks as there are slots run others (later: %s)', async (later) => {
  expect(await start().run(All, { count: 64, later })).toBe(2016);
  expect(await start({ concurrency: 1 }).run(All, { count: 5, later })).toBe(10);
  expect(
    await start({ queues: { pages: { concurrency: 1 }, sites: { concurrency: 1 } } }).run(All, { count: 5, later }),
  ).toBe(10);
});

it('keeps the limits of queues within such runs', async () => {
  await start({ queues: { pages: { concurrency: 2 } } }).run(All, { count: 20 });
  expect(most).toBe(2);
});

it('finishes when runs are nested deeper than there are slots', async () => {
  expect(await start({ concurrency: 2 }).run(Deep, { depth: 40 })).toBe(40);
  expect(await start({ queues: { pages: { concurrency: 1 } } }).run(Deep, { depth: 40 })).toBe(40);
});

it('finishes when tasks of two queues wait for each other’s runs', async () => {
  @Task({ queue: 'a' })
  class A {
    @Param() depth!: number;
    async run(): Promise<number> {
      await sleep(1);
      return this.depth === 0 ? 0 : runner.run(B, { depth: this.depth - 1 });
    }
  }
  @Task({ queue: 'b' })
  class B {
    @Param() depth!: number;
    async run(): Promise<number> {
      await sleep(1);
      return this.depth === 0 ? 0 : runner.run(A, { depth: this.depth - 1 });
    }
  }
  start({ queues: { a: { concurrency: 1 }, b: { concurrency: 1 } } });
  await expect(runner.run([task(A, { depth: 5 }), task(B, { depth: 5 })])).resolves.toEqual([0, 0]);
});

it('finishes when tasks of two runners wait for each other’s runs', async () => {
  const other = new Runner({ storage: 'memory:', concurrency: 1 });
  @Task()
  class Ping {
    @Param() depth!: number;
    async run(): Promise<number> {
      return this.depth === 0 ? 0 : (this.depth % 2 ? other : runner).run(Ping, { depth: this.depth - 1 });
    }
  }
  start({ concurrency: 1 });
  await expect(runner.run(Ping, { depth: 6 })).resolves.toBe(0);
});

it('gives a task its slot back before it goes on', async () => {
  let holders = 0;
  let mostHolders = 0;
  @Task({ queue: 'gpu' })
  class Holder {
    @Param() n!: number;
    async run(): Promise<number> {
      await runner.run(Page, { n: this.n });
      mostHolders = Math.max(mostHolders, ++holders);
      await sleep(2);
      holders--;
      return this.n;
    }
  }
  @Task({ queue: 'gpu' })
  class Outer {
    @Param() n!: number;
    async run(): Promise<number> {
      return runner.run(Holder, { n: this.n });
    }
  }
  start({ queues: { gpu: { concurrency: 1 } } });
  await runner.run(Array.from({ length: 6 }, (_, n) => task(n % 2 ? Holder : Outer, { n })));
  expect(mostHolders).toBe(1);
});

it('lets a run go on that its task did not wait for, and has all slots afterwards', async () => {
  let left: Promise<number> | undefined;
  @Task()
  class Careless {
    run(): string {
      left = runner.run(Page, { n: 7 });
      return 'done';
    }
  }
  start({ concurrency: 1 });
  expect(await runner.run(Careless)).toBe('done');
  expect(await left).toBe(7);
  await runner.run([1, 2, 3].map((n) => task(Page, { n })));
  expect(most).toBe(1);
});

it('has all slots again after such runs failed', async () => {
  @Task()
  class Bad {
    run(): never {
      throw new Error('no');
    }
  }
  @Task()
  class Tries {
    async run(): Promise<string> {
      return runner.run(Bad).catch(() => 'caught');
    }
  }
  start({ concurrency: 1 });
  expect(await runner.run(Tries)).toBe('caught');
  expect(await runner.run(Tries)).toBe('caught');
  await runner.run([1, 2, 3].map((n) => task(Page, { n })));
  expect(most).toBe(1);
});

it('refuses to close the runner in one of its tasks', async () => {
  @Task()
  class Closes {
    async run(): Promise<void> {
      await sleep(1);
      await runner.close();
    }
  }
  await expect(start().run(Closes)).rejects.toThrow(
    'Closes failed: Closes closes the runner that it runs in, which would wait for itself: close the runner outside of its tasks',
  );
  expect(await runner.run(Page, { n: 1 })).toBe(1);
});

it('refuses a task that runs itself under its own lease', async () => {
  @Task({ save: true, once: 'everywhere' })
  class Ouroboros {
    async run(): Promise<number> {
      return runner.run(Ouroboros);
    }
  }
  await expect(start().run(Ouroboros)).rejects.toThrow(
    'it is being computed by Ouroboros, which started this run and waits for it: a task cannot run itself',
  );
});
