import { type BullMqOptions, checkBullMqOptions, type QueueExecutor } from './options';
import type { WorkerOptions } from './worker/options';
import type { TidemarkWorker } from './worker/worker';

/**
 * Runs tasks on workers, in other processes and on other machines: each task's queue is a queue of BullMQ in Redis,
 * from which the programs take jobs that called `startWorker` or `tidemark worker`. Results go through the runner's
 * storage, which the workers have to share. The packages bullmq and ioredis have to be installed.
 *
 * A queue's `concurrency` holds across all workers. What is saved runs once, however many runs ask for it at once, and
 * goes on when the program that asked is gone.
 *
 * @throws {TidemarkError} for options that cannot be
 * @example
 * const connection = 'redis://localhost:6379';
 * const runner = new Runner({ executor: bullmq({ connection }), storage: connection, queues: { gpu: { concurrency: 1 } } });
 */
export function bullmq(options: BullMqOptions): QueueExecutor {
  checkBullMqOptions(options);
  // Loaded only in programs that use queues.
  const { BullMqExecutor: Made } = require('./driver/bullmq-executor') as typeof import('./driver/bullmq-executor');
  return new Made(options);
}

/**
 * Starts to take jobs that runners with the executor `bullmq(…)` put into queues, and runs them in threads, processes
 * or this thread. Needs the packages bullmq and ioredis, and the storage of the runners.
 *
 * On SIGTERM it takes no more jobs, finishes what is running, and is closed; a second SIGTERM hands that back to the
 * queue. It comes back by itself when Redis was away.
 *
 * @throws {TidemarkError} for options that cannot be
 * @throws {LoadError} when a module cannot be loaded
 * @throws {QueueError} when Redis cannot be reached
 * @example
 * const worker = await startWorker({
 *   modules: [require.resolve('./tasks')],
 *   connection: 'redis://localhost:6379',
 *   queues: ['gpu'],
 *   concurrency: 2,
 * });
 * await worker.closed;
 */
export function startWorker(options: WorkerOptions): Promise<TidemarkWorker> {
  // Loaded only in programs that are workers.
  const start = require('./worker/start-worker') as typeof import('./worker/start-worker');
  return start.launchWorker(options);
}
