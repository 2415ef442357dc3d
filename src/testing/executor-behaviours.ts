import assert from 'node:assert';
import { task } from '../entry/index';
import * as tasks from './executor-tasks';
import type { RunOnOptions } from './run-on';

/** Runs a target on the executor, and gives its result; throws what the task threw. */
export type RunTask = (target: any, options?: RunOnOptions) => Promise<any>;

/** What every executor does with the tasks of `executor-tasks.ts`. */
export const executorBehaviours = {
  'runs a task with its params, defaults filled in': async (run) => {
    assert.strictEqual(await run(task(tasks.Add, { a: 5 })), 7);
  },
  'runs many tasks': async (run) => {
    const refs = Array.from({ length: 40 }, (_, a) => task(tasks.Add, { a }));
    assert.deepStrictEqual(
      await run(refs),
      refs.map((_, a) => a + 2),
    );
  },
  'hands results over as they are': async (run) => {
    assert.deepStrictEqual(await run(task(tasks.UsesResults)), [true, true, 8_999 / 3, 3, 'x']);
  },
  'gives results as they are': async (run) => {
    const odd = await run(task(tasks.Odd));
    const { zero, when, map, celsius } = odd;
    assert.deepStrictEqual([Object.is(zero, -0), when, celsius.degrees], [true, new Date(5), 20]);
    assert.ok(celsius instanceof tasks.Celsius);
    assert.deepStrictEqual(map, new Map([[1n, new Set([Number.NaN])]]));
    assert.ok(map instanceof Map);
  },
  'hands large results over, however they are encoded': async (run) => {
    for (const kind of ['cbor', 'v8', 'types', 'segments'])
      assert.deepStrictEqual(await run(task(tasks.GetsLarge, { kind })), new tasks.Large().run.call({ kind } as never));
  },
  'gives large arrays as they are': async (run) => {
    const array = await run(task(tasks.LargeArray, { length: 300_000 }));
    assert.ok(array instanceof Float64Array);
    assert.deepStrictEqual([array.length, array[299_999]], [300_000, 299_999 / 3]);
    array[0] = 1;
  },
  'gives what cannot be told from nothing': async (run) => {
    const values = [undefined, null, 0, '', false, '\ud800', 7n];
    assert.deepStrictEqual(await run(values.map((value) => task(tasks.Echo, { value }))), values);
    assert.strictEqual(await run(task(tasks.Progresses)), undefined);
  },
  'gives saved results as they are': async (run) => {
    const values = [undefined, 'x', { text: 'long '.repeat(50_000) }, new Uint8Array(100_000)];
    assert.deepStrictEqual(await run(values.map((value) => task(tasks.SavedEcho, { value }))), values);
  },
  'sets params that are any data, frozen, and refs as refs': async (run) => {
    const params = { options: { list: [1], when: new Date(9) }, other: task(tasks.Add, { a: 4 }) };
    assert.deepStrictEqual(await run(task(tasks.LooksAtParams, params)), [true, 9, { a: 4 }, undefined]);
  },
  'gives tasks their context': async (run) => {
    assert.deepStrictEqual(await run(task(tasks.LooksAtContext)), ['LooksAtContext', true, 1, false, 'function']);
  },
  'passes on what a task tells, all of it before the result': async (run) => {
    const told: unknown[] = [];
    const onProgress = (...said: unknown[]) => told.push(said);
    await run(task(tasks.Progresses), { onProgress, onLog: (message) => told.push(message) });
    assert.deepStrictEqual(told, [[1, 3], [2, 3, 'nearly'], 'a word', [0.5, 'half']]);
  },
  'throws what a task throws, with its class and fields': async (run) => {
    const error = await thrown(run, 'payment');
    assert.ok(error instanceof tasks.PaymentError);
    assertFields(error, { name: 'RangeError', message: '7 is too much', amount: 7, customer: { name: 'Ada' } });
    assert.match(String(error.stack), /executor-tasks/);
    assert.deepStrictEqual(Object.keys(error), ['amount', 'customer']);
  },
  'throws errors of a class that nobody exports': async (run) => {
    const error = await thrown(run, 'hidden');
    assertFields(error, { name: 'HiddenError', message: '8 is too much', amount: 8 });
    assert.deepStrictEqual([error instanceof Error, error instanceof tasks.PaymentError], [true, true]);
  },
  'throws errors with their causes': async (run) => {
    const error = await thrown(run, 'cause');
    assert.strictEqual(error instanceof TypeError, true);
    assert.strictEqual(error.cause instanceof Error, true);
    assert.deepStrictEqual(
      [error.message, error.cause.message, error.cause.code, error.cause.cause],
      ['outer', 'inner', 'EINNER', 'a string'],
    );
    assert.deepStrictEqual(Object.keys(error), []);
  },
  'throws errors that hold errors': async (run) => {
    const error = await thrown(run, 'aggregate');
    assert.ok(error instanceof AggregateError);
    assert.ok(error.errors[0] instanceof RangeError);
    assert.deepStrictEqual([error.errors[0].message, error.errors[1]], ['first', 'second']);
  },
  'throws errors of the system': async (run) => {
    assertFields(await thrown(run, 'system'), {
      code: 'ENOENT',
      syscall: 'open',
      path: '/nowhere/at/all',
    });
  },
  'throws errors that hold themselves': async (run) => {
    const error = await thrown(run, 'circle');
    assert.deepStrictEqual([error.message, error.self === error], ['circle', true]);
  },
  'throws what is no error as it is': async (run) => {
    assert.deepStrictEqual([await thrown(run, 'string'), await thrown(run, 'undefined')], ['a string', undefined]);
  },
  'ends a task that waits when its signal aborts, with the reason': async (run) => {
    const abort = new AbortController();
    const running = run(task(tasks.Waits), { signal: abort.signal });
    setTimeout(() => abort.abort(new RangeError('enough')), 50);
    await assert.rejects(running, { name: 'RangeError', message: 'enough' });
  },
  'gives the usual reason of an abort': async (run) => {
    const signal = AbortSignal.timeout(40);
    const error = await run(task(tasks.Waits), { signal }).catch((one) => one);
    assert.ok(error instanceof DOMException);
    assert.deepStrictEqual([error.name, error.code, error.message], ['TimeoutError', 23, signal.reason.message]);
  },
} satisfies Record<string, (run: RunTask) => Promise<void>>;

export type ExecutorBehaviour = keyof typeof executorBehaviours;

function assertFields(actual: any, expected: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(expected)) assert.deepStrictEqual(actual[name], value);
}

/** What the task `Fails` throws. */
async function thrown(run: RunTask, how: string): Promise<any> {
  return run(task(tasks.Fails, { how })).then(
    () => {
      throw new Error('nothing was thrown');
    },
    (error: unknown) => error,
  );
}
