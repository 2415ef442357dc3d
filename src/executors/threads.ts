import { anything } from '../base/check-options';
import type { Executor } from './executor';
import { checkPoolOptions, fileOf, type WorkerPoolOptions } from './remote/worker-options';

/** How tasks run in worker threads. */
export interface ThreadsOptions extends WorkerPoolOptions {
  /** How much memory each thread may use; one that needs more fails its task. @default as much as this process */
  readonly resourceLimits?: {
    readonly maxOldGenerationSizeMb?: number;
    readonly maxYoungGenerationSizeMb?: number;
    readonly codeRangeSizeMb?: number;
    readonly stackSizeMb?: number;
  };
}

/**
 * Runs tasks in worker threads, which compute side by side. Each thread loads `modules` and makes the tasks' services
 * in a container of its own; params, requirements and results are copied as data.
 *
 * @throws {TidemarkError} for options that cannot be
 * @example
 * const pool = threads({ modules: [require.resolve('./tasks')], size: 4 });
 * const runner = new Runner({ executor: pool });
 */
export function threads(options: ThreadsOptions): Executor {
  checkPoolOptions(options, 'threads', { resourceLimits: anything });
  // Programs that only run in process need not load all this.
  const { PoolExecutor } = require('./pool/pool-executor') as typeof import('./pool/pool-executor');
  const { shareWithThreads, startThread } = require('./pool/thread-worker') as typeof import('./pool/thread-worker');
  const { size, container, execArgv, resourceLimits } = options;
  const modules = options.modules.map(fileOf);
  return new PoolExecutor({
    start: { type: 'start', pool: 'threads', modules, container: container && fileOf(container) },
    startWorker: (listener) => startThread({ modules, resourceLimits, execArgv }, listener),
    size,
    share: shareWithThreads,
  });
}
