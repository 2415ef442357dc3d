import { type Executor, task } from 'tidemark';
import * as tasks from '../executors/fixtures/tasks';
import { runOn } from './run-on';

/** What any executor does with the tasks of `test/executors/fixtures/tasks.ts`. */
export const behaviours = {
  'runs a task with its params, defaults filled in': async (executor) => {
    expect(await runOn(executor, task(tasks.Add, { a: 5 }))).toBe(7);
  },
  'runs many tasks': async (executor) => {
    const refs = Array.from({ length: 40 }, (_, a) => task(tasks.Add, { a }));
    expect(await runOn(executor, refs)).toEqual(refs.map((_, a) => a + 2));
  },
  'hands results over as they are': async (executor) => {
    expect(await runOn(executor, task(tasks.UsesResults))).toEqual([true, true, 8_999 / 3, 3, 'x']);
  },
  'gives results as they are': async (executor) => {
    const odd = await runOn(executor, task(tasks.Odd));
    const { zero, when, map, celsius } = odd;
    expect([Object.is(zero, -0), when, celsius.degrees]).toEqual([true, new Date(5), 20]);
    expect(celsius).toBeInstanceOf(tasks.Celsius);
    expect(map).toEqual(new Map([[1n, new Set([Number.NaN])]]));
    expect(map).toBeInstanceOf(Map);
  },
  'hands large results over, however they are encoded': async (executor) => {
    for (const kind of ['cbor', 'v8', 'types', 'segments'])
      expect(await runOn(executor, task(tasks.GetsLarge, { kind }))).toEqual(
        new tasks.Large().run.call({ kind } as never),
      );
  },
  'gives large arrays as they are': async (executor) => {
    const array = await runOn(executor, task(tasks.LargeArray, { length: 300_000 }));
    expect(array).toBeInstanceOf(Float64Array);
    expect([array.length, array[299_999]]).toEqual([300_000, 299_999 / 3]);
    array[0] = 1;
  },
  'gives what cannot be told from nothing': async (executor) => {
    const values = [undefined, null, 0, '', false, '\ud800', 7n];
    expect(
      await runOn(
        executor,
        values.map((value) => task(tasks.Echo, { value })),
      ),
    ).toEqual(values);
    expect(await runOn(executor, task(tasks.Progresses))).toBeUndefined();
  },
  'gives saved results as they are': async (executor) => {
    const values = [undefined, 'x', { text: 'long '.repeat(50_000) }, new Uint8Array(100_000)];
    expect(
      await runOn(
        executor,
        values.map((value) => task(tasks.SavedEcho, { value })),
      ),
    ).toEqual(values);
  },
  'sets params that are any data, frozen, and refs as refs': async (executor) => {
    const params = { options: { list: [1], when: new Date(9) }, other: task(tasks.Add, { a: 4 }) };
    expect(await runOn(executor, task(tasks.LooksAtParams, params))).toEqual([true, 9, { a: 4 }, undefined]);
  },
  'gives tasks their context': async (executor) => {
    expect(await runOn(executor, task(tasks.LooksAtContext))).toEqual(['LooksAtContext', true, 1, false, 'function']);
  },
  'passes on what a task tells, all of it before the result': async (executor) => {
    const told: unknown[] = [];
    const onProgress = (...said: unknown[]) => told.push(said);
    await runOn(executor, task(tasks.Progresses), { onProgress, onLog: (message) => told.push(message) });
    expect(told).toEqual([[1, 3], [2, 3, 'nearly'], 'a word', [0.5, 'half']]);
  },
  'throws what a task throws, with its class and fields': async (executor) => {
    const error = await thrown(executor, 'payment');
    expect(error).toBeInstanceOf(tasks.PaymentError);
    expect(error).toMatchObject({ name: 'RangeError', message: '7 is too much', amount: 7, customer: { name: 'Ada' } });
    expect(error.stack).toContain('tasks.ts');
    expect(Object.keys(error)).toEqual(['amount', 'customer']);
  },
  'throws errors of a class that nobody exports': async (executor) => {
    const error = await thrown(executor, 'hidden');
    expect(error).toMatchObject({ name: 'HiddenError', message: '8 is too much', amount: 8 });
    expect([error instanceof Error, error instanceof tasks.PaymentError]).toEqual([true, true]);
  },
  'throws errors with their causes': async (executor) => {
    const error = await thrown(executor, 'cause');
    expect(error).toBeInstanceOf(TypeError);
    expect(error.cause).toBeInstanceOf(Error);
    expect([error.message, error.cause.message, error.cause.code, error.cause.cause]).toEqual([
      'outer',
      'inner',
      'EINNER',
      'a string',
    ]);
    expect(Object.keys(error)).toEqual([]);
  },
  'throws errors that hold errors': async (executor) => {
    const error = await thrown(executor, 'aggregate');
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.errors[0]).toBeInstanceOf(RangeError);
    expect([error.errors[0].message, error.errors[1]]).toEqual(['first', 'second']);
  },
  'throws errors of the system': async (executor) => {
    expect(await thrown(executor, 'system')).toMatchObject({
      code: 'ENOENT',
      syscall: 'open',
      path: '/nowhere/at/all',
    });
  },
  'throws errors that hold themselves': async (executor) => {
    const error = await thrown(executor, 'circle');
    expect([error.message, error.self === error]).toEqual(['circle', true]);
  },
  'throws what is no error as it is': async (executor) => {
    expect([await thrown(executor, 'string'), await thrown(executor, 'undefined')]).toEqual(['a string', undefined]);
  },
  'ends a task that waits when its signal aborts, with the reason': async (executor) => {
    const abort = new AbortController();
    const running = runOn(executor, task(tasks.Ends, { how: 'wait' }), { signal: abort.signal });
    setTimeout(() => abort.abort(new RangeError('enough')), 50);
    await expect(running).rejects.toThrow(new RangeError('enough'));
  },
  'gives the usual reason of an abort': async (executor) => {
    const signal = AbortSignal.timeout(40);
    const error = await runOn(executor, task(tasks.Ends, { how: 'wait' }), { signal }).catch((one) => one);
    expect(error).toBeInstanceOf(DOMException);
    expect([error.name, error.code, error.message]).toEqual(['TimeoutError', 23, signal.reason.message]);
  },
} satisfies Record<string, (executor: Executor) => Promise<void>>;

export type Behaviour = keyof typeof behaviours;

/** What the task `Fails` throws. */
async function thrown(executor: Executor, how: string): Promise<any> {
  return runOn(executor, task(tasks.Fails, { how })).then(
    () => {
      throw new Error('nothing was thrown');
    },
    (error: unknown) => error,
  );
}
