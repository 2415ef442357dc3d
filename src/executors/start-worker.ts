import type { WorkerOptions } from './bullmq/worker/options';
import type { TidemarkWorker } from './bullmq/worker/tidemark-worker';

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
  // Programs that are no workers need not load all this.
  const start = require('./bullmq/worker/start-worker') as typeof import('./bullmq/worker/start-worker');
  return start.startWorker(options);
}
