import { TaskCatalog } from '../../worker/task-catalog';
import { WorkerConnections } from './connections';
import { startMessage } from './job-backend';
import { fullWorkerOptions, type WorkerOptions } from './options';
import { TaskList } from './task-list';
import { TidemarkWorker } from './worker';

/** Implements `startWorker`, loaded when it is first called. */
export async function launchWorker(given: WorkerOptions): Promise<TidemarkWorker> {
  const options = fullWorkerOptions(given);
  const tasks = new TaskList(await TaskCatalog.load(startMessage(options)));
  const connections = new WorkerConnections(options.connection);
  try {
    await connections.ready();
    const worker = new TidemarkWorker(options, tasks, connections);
    await worker.start();
    closeOnSignals(worker, options.stopSignals);
    return worker;
  } catch (error) {
    connections.close();
    await tasks.catalog.close();
    if (options.ownsStorage) await options.storage.close();
    throw connections.lostError ?? error;
  }
}

/** Closes a worker by signals: the first lets it finish, the second hands back what is running. */
function closeOnSignals(worker: TidemarkWorker, signals: readonly `SIG${string}`[]): void {
  let count = 0;
  const listener = () => void worker.close({ handBack: ++count > 1 });
  for (const signal of signals) process.on(signal as NodeJS.Signals, listener);
  void worker.closed.then(() => {
    for (const signal of signals) process.off(signal as NodeJS.Signals, listener);
  });
}
