import 'reflect-metadata';
import { inline, Param, Requires, Runner, Task, task } from 'tidemark';

const now = new Map<string, number>();
const most = new Map<string, number>();
beforeEach(() => most.clear());

/** Does nothing for a moment, and notes how many do so at once under each name. */
async function busy(...names: string[]): Promise<void> {
  for (const name of names) {
    now.set(name, (now.get(name) ?? 0) + 1);
    most.set(name, Math.max(most.get(name) ?? 0, now.get(name)!));
  }
  await new Promise((resolve) => setTimeout(resolve, 2));
  for (const name of names) now.set(name, now.get(name)! - 1);
}

@Task()
class Fetch {
  @Param() n!: number;
  async run(): Promise<number> {
    await busy('Fetch', 'all');
    return this.n;
  }
}

@Task({ queue: 'gpu' })
class Train {
  @Param() n!: number;
  @Requires(Fetch) data!: number;
  async run(): Promise<number> {
    await busy('gpu', 'all');
    return this.data;
  }
}

@Task({ queue: 'gpu' })
class Score {
  @Param() n!: number;
  @Requires(Train) model!: number;
  async run(): Promise<number> {
    await busy('gpu', 'all');
    return this.model;
  }
}

const many = (count: number, from = 0) => Array.from({ length: count }, (_, n) => task(Score, { n: from + n }));

it('runs 64 at once unless told otherwise', async () => {
  await new Runner({ storage: 'memory:' }).run(many(200));
  expect(most.get('all')).toBe(64);
});

it.each([1, 3])('runs no more than a concurrency of %d', async (concurrency) => {
  await new Runner({ storage: 'memory:', concurrency }).run(many(12));
  expect(most.get('all')).toBe(concurrency);
});

it('limits queues by the name that tasks give and by the name of the task', async () => {
  const runner = new Runner({ storage: 'memory:', queues: { gpu: { concurrency: 2 }, Fetch: { concurrency: 5 } } });
  await runner.run(many(30));
  expect(Object.fromEntries(most)).toEqual({ gpu: 2, Fetch: 5, all: 7 });
});

it('holds limits across runs of one runner', async () => {
  const runner = new Runner({ storage: 'memory:', concurrency: 8, queues: { gpu: { concurrency: 2 } } });
  await Promise.all([runner.run(many(30)), runner.run(many(30, 100)), runner.run(many(30, 200))]);
  expect(Object.fromEntries(most)).toMatchObject({ gpu: 2, all: 8 });
});

it('takes other limits for one run', async () => {
  const runner = new Runner({ storage: 'memory:', queues: { gpu: { concurrency: 2 }, Fetch: { concurrency: 5 } } });
  await runner.run(many(30), { queues: { gpu: { concurrency: 3 } } });
  expect(Object.fromEntries(most)).toMatchObject({ gpu: 3, Fetch: 5 });
});

it('counts what an executor of its own runs by itself', async () => {
  const runner = new Runner({
    storage: 'memory:',
    concurrency: 4,
    queues: { gpu: { concurrency: 6, executor: inline() } },
  });
  await runner.run(many(60));
  expect(Object.fromEntries(most)).toMatchObject({ gpu: 6, Fetch: 4 });
});

it('lets a run that begins later have its turn', async () => {
  const runner = new Runner({ storage: 'memory:', concurrency: 1 });
  let isLongOver = false;
  const long = runner.start(many(100));
  for await (const { type } of long.events) if (type === 'task-finished') break;
  const over = long.result.then(() => (isLongOver = true));
  await runner.run(many(3, 1000));
  expect(isLongOver).toBe(false);
  await over;
});

@Task({ queue: 'disk' })
class Copy {
  run(): Promise<void> {
    return busy('all');
  }
}

it('starts what can start although what would go before it waits for another executor', async () => {
  const runner = new Runner({ storage: 'memory:', concurrency: 1, queues: { disk: { executor: inline() } } });
  const told: string[] = [];
  for await (const event of runner.start([task(Fetch, { n: 0 }), task(Fetch, { n: 1 }), Copy]).events) {
    if (event.type === 'task-started' || event.type === 'task-finished') told.push(`${event.type} ${event.node.task}`);
  }
  expect(told.slice(0, 2)).toEqual(['task-started Fetch', 'task-started Copy']);
});
