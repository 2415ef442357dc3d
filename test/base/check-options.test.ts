import { Runner, Task, type TaskOptions } from 'tidemark';
import { checkBullMqOptions } from '../../src/executors/bullmq/options';
import { fullWorkerOptions } from '../../src/executors/bullmq/worker/options';

const connection = 'redis://localhost:6379';

it.each([
  [{ retries: '3' }, /retries is '3'; it must be a whole number >= 0/],
  [{ retries: -1 }, /retries is -1/],
  [{ retries: 1.5 }, /retries is 1\.5/],
  [{ retries: null }, /retries is null/],
  [{ retries: { attempts: '3' } }, /attempts of retries is '3'; it must be a whole number >= 1/],
  [{ retries: { delay: 5 } }, /attempts of retries is undefined/],
  [{ retries: { attempts: 3, delay: '1s' } }, /delay of retries is '1s'; it must be a number of milliseconds/],
  [{ retries: { attempts: 3, maxDelay: 1e12 } }, /maxDelay of retries is 1000000000000; .* from 0 to 2147483647/],
  [{ retries: { attempts: 3, delai: 5 } }, /retries has no delai; it has attempts, delay, factor, maxDelay/],
  [{ timeout: '500' }, /the timeout is '500'; it must be a number of milliseconds/],
] as [TaskOptions, RegExp][])('a task rejects %j', async (options, message) => {
  @Task(options)
  class Tried {
    run(): number {
      return 1;
    }
  }
  await expect(new Runner({ storage: 'memory:' }).run(Tried)).rejects.toThrow(message);
});

it.each([
  [{ timeoutGrace: '5' }, /option timeoutGrace is '5'/],
  [{ timeoutGrace: 3e9 }, /option timeoutGrace is 3000000000; it must be a number of milliseconds from 0 to/],
  [{ maxNodes: '5' }, /option maxNodes is '5'/],
])('a runner rejects %j', (options, message) => {
  expect(() => new Runner({ storage: 'memory:', ...(options as object) })).toThrow(message);
});

it.each([
  [{ patience: 3e9 }, /option patience is 3000000000; it must be .*, or Infinity/],
  [{ checkInterval: Number.POSITIVE_INFINITY }, /option checkInterval is Infinity/],
  [{ inlineBytes: '4096' }, /option inlineBytes is '4096'/],
  [{ connection: 'redis://localhost/abc' }, /option connection must be where Redis is/],
  [{ connection: 'redis://localhost:0' }, /option connection must be where Redis is/],
  [{ connection: 'redis://localhost:70000' }, /option connection must be where Redis is/],
])('a queue executor rejects %j', (options, message) => {
  expect(() => checkBullMqOptions({ connection, ...(options as object) })).toThrow(message);
});

it.each([
  [{ lockDuration: '500' }, /option lockDuration is '500'/],
  [{ grace: 3e9 }, /option grace is 3000000000/],
])('a worker rejects %j', (options, message) => {
  const worker = { connection, modules: [__filename], storage: 'memory:', ...(options as object) };
  expect(() => fullWorkerOptions(worker)).toThrow(message);
});
