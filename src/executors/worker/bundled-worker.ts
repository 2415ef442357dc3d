import { declaredTasks } from '../../task/registry';

/** How a worker runs. */
export type WorkerKind = 'thread' | 'process';

/** Global that makes this thread or process a worker; set before the modules of a bundle are loaded. */
export const bundledWorker = Symbol.for('tidemark.bundled-worker');

/**
 * Starts a worker where one is asked for. In a bundle there are no files of this package that threads and processes could
 * start with: they load the bundle instead, and so this.
 */
export function startBundledWorker(): void {
  const global = globalThis as { [bundledWorker]?: WorkerKind };
  const kind = global[bundledWorker];
  if (kind === undefined) return;
  delete global[bundledWorker];
  // The tasks of the bundle are declared from here on; it need not export them.
  declaredTasks();
  if (kind === 'thread') require('./thread-entry');
  else require('./process-entry');
}
