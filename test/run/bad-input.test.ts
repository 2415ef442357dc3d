import 'reflect-metadata';
import { DeclarationError, Param, Runner, StorageError, Task, TidemarkError, task } from 'tidemark';

@Task({ queue: 'gpu' })
class Train {
  @Param() seed = 1;
  run(): number {
    ran++;
    return this.seed;
  }
}

let ran = 0;
beforeEach(() => void (ran = 0));

const make = (options: object) => () => new Runner({ storage: 'memory:', ...options });

it.each([0, -1, 1.5, Number.NaN, '4', null])('refuses a concurrency of %p', async (concurrency) => {
  const message = new RegExp(`must be a whole number >= 1, but is ${concurrency}`);
  expect(make({ concurrency })).toThrow(TidemarkError);
  expect(make({ concurrency })).toThrow(message);
  expect(make({ queues: { gpu: { concurrency } } })).toThrow(message);
  expect(make({ queues: { gpu: { concurrency } } })).toThrow(/queue gpu/);
  await expect(make({})().run(Train, {}, { queues: { gpu: { concurrency: concurrency as number } } })).rejects.toThrow(
    message,
  );
  expect(ran).toBe(0);
});

it('takes a concurrency without a limit', async () => {
  expect(await make({ concurrency: Number.POSITIVE_INFINITY })().run(Train)).toBe(1);
});

it.each<[object, RegExp]>([
  [{ concurency: 2 }, /the runner has no option concurency; did you mean concurrency\?/],
  [{ xyz: 2 }, /the runner has no option xyz; it has storage, queues/],
  [{ onFailure: 'go on' }, /the option onFailure is 'go on'; it must be 'stop' or 'continue'/],
  [{ onStorageError: 'ignore' }, /the option onStorageError is 'ignore'/],
  [{ sourceChange: true }, /the option sourceChange is true/],
  [{ queues: 5 }, /the option queues is 5; it must be an object with options for each queue/],
  [{ freeze: 'no' }, /the option freeze is 'no'; it must be true or false/],
  [{ maxNodes: 0 }, /the option maxNodes is 0/],
  [{ onWarning: 'log' }, /the option onWarning is 'log'; it must be a function/],
  [{ toString: 1 }, /the runner has no option toString/],
  [{ executor: 'threads' }, /the executor is threads; give one such as inline\(\)/],
  [{ executor: null }, /the executor is null/],
  [{ container: {} }, /the container has no method resolve/],
  [{ queues: { gpu: { executor: 'threads' } } }, /the executor of queue gpu is threads/],
  [{ queues: { gpu: { concurency: 1 } } }, /queue gpu has no option concurency; did you mean concurrency\?/],
  [{ queues: { gpu: 1 } }, /queue gpu is 1; give options such as { concurrency: 1 }/],
  [{ queues: { gpu: undefined } }, /queue gpu is undefined/],
])('refuses the options %p of a runner', (options, message) => {
  expect(make(options)).toThrow(TidemarkError);
  expect(make(options)).toThrow(message);
});

it.each<[object, RegExp]>([
  [{ forced: true }, /a run has no option forced; did you mean force\?/],
  [{ storage: 'memory:' }, /a run has no option storage/],
  [{ onFailure: 1 }, /the option onFailure is 1/],
  [{ queues: { gpu: { concurency: 1 } } }, /queue gpu has no option concurency/],
  [{ force: [class Other {}] }, /Other is not a task/],
  [{ force: Train }, /the option force is \[class Train\]; it must be true, false or an array of task classes/],
  [{ signal: 5 }, /the option signal is 5; it must be an AbortSignal/],
])('refuses the options %p of a run', async (options, message) => {
  for (const run of [make({})().run(Train, {}, options as object), make({})().run(task(Train), options as object)]) {
    const error = await run.catch((thrown) => thrown);
    expect([error instanceof TidemarkError, error.message]).toEqual([true, expect.stringMatching(message)]);
  }
  expect(ran).toBe(0);
});

it.each<[unknown, RegExp]>([
  [5, /5 is not a storage; pass a URI such as 'file:.tidemark', a Map, or a Keyv store adapter/],
  [null, /null is not a storage/],
  [{}, /an instance of Object is not a storage/],
  [new Date(0), /an instance of Date is not a storage/],
  ['', /'' is not a storage/],
  ['somewhere', /'somewhere' is not a storage; the supported ones are 'memory:', 'file:PATH', 'lmdb:PATH', 'redis:/],
  ['files:x', /'files:x' is not a storage/],
  ['file:', /'file:' cannot be opened: it names no folder/],
  [{ store: null }, /is not a storage/],
  [{ get() {}, set() {} }, /is not a storage/],
])('refuses the storage %p', (storage, message) => {
  expect(make({ storage })).toThrow(StorageError);
  expect(make({ storage })).toThrow(message);
});

it.each<[string, unknown, RegExp]>([
  ['undefined', undefined, /undefined/],
  ['a number', 5, /5/],
  ['a class that is no task', class Plain {}, /Plain is not a task: decorate it with @Task\(\)/],
  ['a function', () => 5, /function/],
  ['a string', 'Train', /Train/],
])('refuses to run %s', async (_, what, message) => {
  const error = await make({})()
    .run(what as typeof Train)
    .catch((thrown) => thrown);
  expect([error instanceof DeclarationError, error?.message]).toEqual([true, expect.stringMatching(message)]);
  expect(ran).toBe(0);
});
