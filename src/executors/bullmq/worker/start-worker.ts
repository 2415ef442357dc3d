import { Catalogue } from '../../worker/catalogue';
import { WorkerConnections } from './connections';
import { fullWorkerOptions, type WorkerOptions } from './options';
import { startMessage } from './runs-jobs';
import { stopsOnSignals } from './stops-on-signals';
import { TaskList } from './task-list';
import { TidemarkWorker } from './tidemark-worker';

/** What `startWorker` does, once a program turns out to be a worker. */
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
    await tasks.catalogue.close();
    if (options.ownsStorage) await options.storage.close();
    throw connections.lostBy ?? error;
  }
}
