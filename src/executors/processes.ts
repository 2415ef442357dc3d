import type { Executor } from './executor';
import { checkPoolOptions, fileOf, isTexts, type WorkerPoolOptions } from './remote/worker-options';

/** How tasks run in processes of their own. */
export interface ProcessesOptions extends WorkerPoolOptions {
  /** Command that starts each process, with its arguments: `['nice', '-n', '10']`. It must pass its open files on. @default nothing */
  readonly command?: readonly string[];
}

/**
 * Runs tasks in child processes: like threads, and what crashes Node, or is killed, fails its own task only.
 *
 * @throws {TidemarkError} for options that cannot be
 * @example
 * const pool = processes({ modules: [require.resolve('./tasks')], size: 4, command: ['nice', '-n', '10'] });
 * const runner = new Runner({ queues: { TrainModel: { executor: pool } } });
 */
export function processes(options: ProcessesOptions): Executor {
  checkPoolOptions(options, 'processes', {
    command: { includes: isTexts, text: "a list such as ['nice', '-n', '10']" },
  });
  const { PoolExecutor } = require('./pool/pool-executor') as typeof import('./pool/pool-executor');
  const { startProcess } = require('./pool/process-worker') as typeof import('./pool/process-worker');
  const { size, container, execArgv, command } = options;
  const modules = options.modules.map(fileOf);
  return new PoolExecutor({
    start: {
      type: 'start',
      pool: 'processes',
      modules,
      container: container && fileOf(container),
    },
    startWorker: (listener) => startProcess({ modules, command, execArgv }, listener),
    size,
    share: (bytes) => bytes,
  });
}
