import { type BullMqOptions, checkBullMqOptions } from './bullmq/options';
import type { QueueExecutor } from './bullmq/queue-executor';

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
  // Programs without queues need not load all this.
  const { BullMqExecutor: Made } = require('./bullmq/bullmq-executor') as typeof import('./bullmq/bullmq-executor');
  return new Made(options);
}
