import { Catalogue } from '../../worker/catalogue';
import { WorkerConnections } from './connections';
import { fullWorkerOptions, type WorkerOptions } from './options';
import { startMessage } from './runs-jobs';
import { stopsOnSignals } from './stops-on-signals';
import { TaskList } from './task-list';
import { TidemarkWorker } from './tidemark-worker';

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
export async function startWorker(given: WorkerOptions): Promise<TidemarkWorker> {
  const options = fullWorkerOptions(given);
  const tasks = new TaskList(await Catalogue.load(startMessage(options)));
  const connections = new WorkerConnections(options.connection);
  try {
    await connections.ready();
    const worker = new TidemarkWorker(options, tasks, connections);
    await worker.start();
    stopsOnSignals(worker, options.stopSignals);
    return worker;
  } catch (error) {
    connections.close();
    if (options.ownsStorage) await options.storage.close();
    throw error;
  }
}
