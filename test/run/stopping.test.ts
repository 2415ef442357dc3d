import 'reflect-metadata';
import { getEventListeners } from 'node:events';
import {
  Param,
  Requires,
  RunFailedError,
  Runner,
  type RunnerOptions,
  Storage,
  Task,
  type TaskContext,
  task,
} from 'tidemark';
import { ObservedStore } from '../support/observed-store';
import { outcomeOf } from '../support/outcome';
import { Signal } from '../support/signal';

let begun: Signal;
let goOn: Signal;
let store: ObservedStore;
let attempts: number[];
/** When each attempt began, as the task itself saw it: who listens to events hears later. */
const began: number[] = [];
const open = (options: RunnerOptions = {}) => new Runner({ storage: store, ...options });
beforeEach(() => {
  [begun, goOn, store, attempts] = [new Signal(), new Signal(), new ObservedStore(), []];
});

@Task({ save: true })
class Waits {
  async run(): Promise<string> {
    begun.fire();
    await goOn.promise;
    return 'waited';
  }
}

@Task({ save: true })
class After {
  @Requires(Waits) waited!: string;
  run(): string {
    return this.waited;
  }
}

@Task()
class Obeys {
  async run({ signal }: TaskContext): Promise<void> {
    begun.fire();
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  }
}

it('starts nothing new after stop(), and saves what was running', async () => {
  const run = open().start(After);
  await begun.promise;
  run.stop();
  goOn.fire();
  const { error, summary, events } = await outcomeOf(run);
  expect([error.message, error.errors]).toEqual([
    expect.stringMatching(/^the run was stopped\n1 task ran and 0 loaded, 1 did not run\. 1 result is saved/),
    [],
  ]);
  expect(summary).toMatchObject({ ran: 1, saved: 1, skipped: 1 });
  expect(events.map(({ type }) => type).slice(-2)).toEqual(['task-skipped', 'run-finished']);
});

it('gives the result when everything was done before it stopped', async () => {
  const run = open().start(Waits);
  await begun.promise;
  run.stop();
  run.stop();
  goOn.fire();
  expect(await run.result).toBe('waited');
});

it('runs nothing when it is stopped at once', async () => {
  const run = open().start(After);
  run.stop();
  const { error, summary } = await outcomeOf(run);
  expect([error.message.split('\n')[0], summary.ran, store.writes]).toEqual(['the run was stopped', 0, []]);
});

it('aborts what is running on cancel(), and says why', async () => {
  const reason = new Error('the user left');
  const run = open().start([Obeys, After]);
  await begun.promise;
  run.cancel(reason);
  goOn.fire();
  const { error } = await outcomeOf(run);
  expect(error).toBeInstanceOf(RunFailedError);
  expect([error.cause, error.errors.length]).toEqual([reason, 1]);
  expect(error.message).toMatch(/^the run was cancelled: the user left\n/);
});

it('is cancelled by a signal, also by one that was aborted before', async () => {
  const controller = new AbortController();
  const running = outcomeOf(open().start(Obeys, {}, { signal: controller.signal }));
  await begun.promise;
  controller.abort('enough');
  expect((await running).error).toMatchObject({
    cause: 'enough',
    message: expect.stringMatching(/^the run was cancelled: enough/),
  });
  const { error, summary } = await outcomeOf(open().start(Obeys, {}, { signal: controller.signal }));
  expect([error.cause, summary.ran + summary.failed]).toEqual(['enough', 0]);
});

it('does not listen to a signal any longer than it runs', async () => {
  const { signal } = new AbortController();
  goOn.fire();
  for (let i = 0; i < 20; i++) await open().run(After, {}, { signal });
  await new Promise((resolve) => setImmediate(resolve));
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

it('stops while it waits for a slot that another run holds', async () => {
  const runner = open({ concurrency: 1 });
  const first = runner.start(Waits);
  await begun.promise;
  const second = runner.start(Obeys);
  setTimeout(() => second.stop(), 5);
  expect((await outcomeOf(second)).error.message).toMatch(/^the run was stopped/);
  goOn.fire();
  expect(await first.result).toBe('waited');
});

@Task({ retries: { attempts: 3, delay: 5, factor: 3 }, save: true })
class Flaky {
  @Param() fails!: number;
  async run({ attempt }: TaskContext): Promise<string> {
    began.push(performance.now());
    attempts.push(attempt);
    if (attempt <= this.fails) throw new Error(`attempt ${attempt}`);
    return `in ${attempt}`;
  }
}

@Task({ retries: { attempts: 2, delay: 60_000 } })
class Patient {
  run(): void {
    setImmediate(() => begun.fire());
    throw new Error('not now');
  }
}

it('tries again what failed, up to its number of attempts', async () => {
  const good = await outcomeOf(open().start(Flaky, { fails: 2 }));
  expect([good.result, attempts.splice(0), good.summary]).toEqual([
    'in 3',
    [1, 2, 3],
    expect.objectContaining({ ran: 1, failed: 0, saved: 1 }),
  ]);
  expect(
    good.events.flatMap((event) => (event.type === 'task-failed' ? [[event.willRetry, event.error.attempts]] : [])),
  ).toEqual([
    [true, 1],
    [true, 2],
  ]);
  const bad = await outcomeOf(open().start(Flaky, { fails: 9 }));
  expect([bad.error.errors.length, bad.error.errors[0].attempts, attempts]).toEqual([1, 3, [1, 2, 3]]);
  expect(bad.error.message).toContain('failed (3 attempts): attempt 3');
});

it('waits before it tries again, longer each time, and holds no slot meanwhile', async () => {
  goOn.fire();
  began.length = 0;
  const run = open({ concurrency: 1 }).start([task(Flaky, { fails: 2 }), Waits]);
  const order: string[] = [];
  for await (const event of run.events) {
    if (event.type === 'task-finished') order.push(event.node.task);
  }
  expect(order).toEqual(['Waits', 'Flaky']);
  expect(began[1]! - began[0]!).toBeGreaterThan(2);
  expect(began[2]! - began[1]!).toBeGreaterThan(7);
});

it.each<[string, (run: { stop(): void; cancel(reason: unknown): void }) => void]>([
  ['stopped', (run) => run.stop()],
  ['cancelled', (run) => run.cancel('enough')],
])('does not wait to try again once it is %s', async (_, end) => {
  const run = open().start(Patient);
  const ended = outcomeOf(run);
  await begun.promise;
  end(run);
  const { error, events } = await ended;
  expect(error.errors[0].cause.message).toBe('not now');
  const failed = events.flatMap((event) => (event.type === 'task-failed' ? [event] : []));
  expect(failed.map(({ willRetry }) => willRetry)).toEqual([true, false]);
  expect(failed[1]!.error).toBe(error.errors[0]);
});

@Task()
class Fails {
  async run(): Promise<void> {
    await begun.promise;
    throw new Error('for good');
  }
}

it('does not wait to try again once another task has failed, or the storage', async () => {
  expect((await outcomeOf(open().start([Patient, Fails]))).error.errors).toHaveLength(2);
  store.before = (operation) => {
    if (operation === 'set') throw new Error('full');
  };
  goOn.fire();
  const { error } = await outcomeOf(open().start([Patient, Waits]));
  expect([error.message, error.errors.length]).toEqual([expect.stringMatching(/full/), 1]);
});

it('waits for its runs when it is closed, and begins no others', async () => {
  const runner = open();
  const run = runner.start(After);
  await begun.promise;
  const closing = Promise.all([runner.close(), runner.close()]);
  goOn.fire();
  await closing;
  expect(await run.result).toBe('waited');
  for (const call of [
    () => runner.run(After),
    () => runner.plan(After),
    () => runner.clear(After),
    () => runner.clear(After, {}),
    () => runner.key(After),
  ]) {
    await expect(call()).rejects.toThrow('the runner is closed');
  }
});

it('closes what it holds once', async () => {
  let closed = 0;
  const executor = { name: 'counting', execute: () => 5, close: async () => void closed++ };
  const runner = open({ executor });
  await runner.run(Waits);
  await Promise.all([runner.close(), runner.close()]);
  await runner[Symbol.asyncDispose]();
  expect(closed).toBe(1);
});

it('leaves a storage open that it was given, for others that use it', async () => {
  const store = new ObservedStore();
  let closed = 0;
  const storage = Storage.open(Object.assign(store, { disconnect: () => void closed++ }));
  await open({ storage }).close();
  expect(closed).toBe(0);
  await open({ storage: store }).close();
  expect(closed).toBe(1);
});
