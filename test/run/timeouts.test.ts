import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { Param, Runner, type RunnerOptions, Task, type TaskContext, task } from 'tidemark';

let now = 0;
let most = 0;
const byId = new Map<number, number>();
let overlapped = false;

/** Takes longer than its timeout, and does not heed its signal. */
@Task({ queue: 'db', timeout: 20, retries: 2 })
class Query {
  @Param() id!: number;
  async run(): Promise<number> {
    most = Math.max(most, ++now);
    byId.set(this.id, (byId.get(this.id) ?? 0) + 1);
    overlapped ||= byId.get(this.id)! > 1;
    await sleep(60);
    now--;
    byId.set(this.id, byId.get(this.id)! - 1);
    return this.id;
  }
}

@Task({ queue: 'db', timeout: 20, retries: 2 })
class Polite {
  async run({ signal, attempt }: TaskContext): Promise<string> {
    if (attempt < 3) await sleep(60_000, undefined, { signal });
    return `attempt ${attempt}`;
  }
}

@Task({ queue: 'db' })
class After {
  async run(): Promise<number> {
    most = Math.max(most, now + 1);
    return now;
  }
}

const warnings: string[] = [];
const make = (options: RunnerOptions) => {
  now = most = 0;
  overlapped = false;
  warnings.length = 0;
  byId.clear();
  return new Runner({ storage: 'memory:', onWarning: (message) => warnings.push(message), ...options });
};

it('keeps the slot of an attempt that timed out until it is over', async () => {
  const runner = make({ queues: { db: { concurrency: 1 } } });
  await expect(runner.run(Query, { id: 1 })).rejects.toThrow(
    'Query({ id: 1 }) failed (3 attempts): it took longer than its timeout of 20 ms',
  );
  expect(await runner.run(After)).toBe(0);
  expect(most).toBe(1);
  expect(warnings).toEqual([]);
});

it('never runs two attempts of a task at once, whatever slots are free', async () => {
  const runner = make({});
  await runner
    .run(
      [1, 2, 3].map((id) => task(Query, { id })),
      { onFailure: 'continue' },
    )
    .catch(() => undefined);
  expect(overlapped).toBe(false);
  await runner.close();
  expect(now).toBe(0);
});

it('waits in close() for attempts that timed out', async () => {
  const runner = make({ queues: { db: { concurrency: 1 } } });
  await expect(runner.run(Query, { id: 1 })).rejects.toThrow('timeout');
  expect(now).toBe(1);
  await runner.close();
  expect(now).toBe(0);
});

it('frees the slot at once when the attempt heeds its signal', async () => {
  const runner = make({ queues: { db: { concurrency: 1 } }, timeoutGrace: 60_000 });
  expect(await runner.run(Polite)).toBe('attempt 3');
});

it('frees the slot after the grace period, and says so', async () => {
  const runner = make({ queues: { db: { concurrency: 1 } }, timeoutGrace: 5 });
  await expect(runner.run(Query, { id: 4 })).rejects.toThrow('3 attempts');
  await runner.close();
  expect(most).toBeGreaterThan(1);
  expect(warnings[0]).toBe(
    'Query({ id: 4 }) still runs 5 ms after its timeout. Its slot is free for others now, so more may run at once than the limits say. Pass context.signal to what it waits for',
  );
});

it('refuses a grace period that cannot be', () => {
  expect(() => make({ timeoutGrace: -1 })).toThrow(
    'the option timeoutGrace is -1; it must be a number of milliseconds',
  );
});

it('warns of no listeners, however many tasks and runs share a signal', async () => {
  @Task({ timeout: 5_000 })
  class Fetch {
    @Param() n!: number;
    async run({ signal }: TaskContext): Promise<number> {
      await sleep(2, undefined, { signal });
      return this.n;
    }
  }
  @Task()
  class Untimed {
    @Param() n!: number;
    async run({ signal }: TaskContext): Promise<number> {
      await Promise.all(Array.from({ length: 12 }, () => sleep(2, undefined, { signal })));
      return this.n;
    }
  }
  const heard: string[] = [];
  const listener = (warning: Error) => heard.push(warning.name);
  process.on('warning', listener);
  const runner = make({});
  const shutdown = new AbortController();
  await runner.run(Array.from({ length: 30 }, (_, n) => task(n % 2 ? Fetch : Untimed, { n })));
  await Promise.all(
    Array.from({ length: 30 }, (_, n) => runner.run(n % 2 ? Fetch : Untimed, { n }, { signal: shutdown.signal })),
  );
  await sleep(10);
  process.off('warning', listener);
  expect(heard).toEqual([]);
});
