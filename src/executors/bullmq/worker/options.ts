import { type Allowed, anything, checkOptions, milliseconds, oneOf } from '../../../base/check-options';
import { TidemarkError } from '../../../base/error';
import { emitWarning, guardedWarning } from '../../../base/warnings';
import type { StorageSource } from '../../../storage/open';
import { Storage } from '../../../storage/storage';
import { checkPoolOptions, fileOf, isTexts } from '../../remote/worker-options';
import { assertConnection, commonOptions, type QueueOptions } from '../options';
import { defaultPrefix } from '../protocol/redis-keys';

/** State of a worker. */
export interface WorkerHealth {
  /** `host/pid` */
  readonly name: string;
  readonly queues: readonly string[];
  /** How many jobs it takes at once. */
  readonly concurrency: number;
  readonly running: number;
  readonly done: number;
  readonly failed: number;
  /** Whether Redis is currently reachable. */
  readonly isConnected: boolean;
}

/** Options of a worker. */
export interface WorkerOptions extends QueueOptions {
  /** The files that declare the tasks, JavaScript or TypeScript: paths, file URLs, or names as `require` takes them. */
  readonly modules: readonly (string | URL)[];
  /** The queues that it takes jobs of. @default those of all tasks in its modules */
  readonly queues?: readonly string[];
  /** How many jobs it runs at once. @default 1 */
  readonly concurrency?: number;
  /** The storage that it shares with the runners, or a chain of one of its own and that. @default the Redis of `connection` */
  readonly storage?: Storage | StorageSource;
  /**
   * Where tasks run. In line, a task that computes for longer than `lockDuration` without a pause is taken for lost.
   *
   * @default 'threads'
   */
  readonly executor?: 'threads' | 'processes' | 'inline';
  /** A file that exports the `container` that makes tasks and their services. @default typedi's */
  readonly container?: string | URL;
  /** Arguments for Node in threads and processes. @default those of this process */
  readonly execArgv?: readonly string[];
  /** After how long a worker that does not show that it is alive loses its jobs to others, in milliseconds. @default 30_000 */
  readonly lockDuration?: number;
  /** How often a job may be taken from a worker that was lost, before it fails. @default 2 */
  readonly maxStalledCount?: number;
  /** How long `close` waits for what is running before it hands that back, in milliseconds. @default until it is done */
  readonly grace?: number;
  /** Signals that close it; the second one hands back what is running. @default ['SIGTERM', 'SIGINT'] */
  readonly stopSignals?: readonly `SIG${string}`[];
  /** Called with the worker's state: at the start, and every 30 seconds when it has changed. */
  readonly onHealth?: (health: WorkerHealth) => void;
  /** Called with problems other than failed tasks. @default a warning of the process */
  readonly onWarning?: (message: string) => void;
}

/** The same, with nothing left out. */
export interface FullWorkerOptions
  extends Required<Omit<WorkerOptions, 'queues' | 'storage' | 'container' | 'execArgv' | 'modules'>> {
  readonly modules: readonly string[];
  readonly queues: readonly string[] | undefined;
  readonly storage: Storage;
  /** Whether the worker opened the storage, and so closes it. */
  readonly ownsStorage: boolean;
  readonly container: string | undefined;
  readonly execArgv: readonly string[] | undefined;
}

const isFunction: Allowed = { includes: (value) => typeof value === 'function', text: 'a function' };
const isCount: Allowed = {
  includes: (value) => Number.isInteger(value) && value >= 0,
  text: 'a whole number >= 0',
};
const known: Readonly<Record<keyof Omit<WorkerOptions, 'modules' | 'container' | 'execArgv'>, Allowed>> = {
  ...commonOptions,
  queues: { includes: (value) => isTexts(value) && value.length > 0, text: 'a list of names of queues' },
  concurrency: { includes: (value) => Number.isInteger(value) && value >= 1, text: 'a whole number >= 1' },
  storage: anything,
  executor: oneOf('threads', 'processes', 'inline'),
  lockDuration: milliseconds(200),
  maxStalledCount: isCount,
  grace: milliseconds(1, { forEver: true }),
  stopSignals: { includes: isTexts, text: 'a list of signals' },
  onHealth: isFunction,
  onWarning: isFunction,
};

/** @throws {TidemarkError} for options that cannot be */
export function fullWorkerOptions(options: WorkerOptions): FullWorkerOptions {
  assertConnection(options, "startWorker({ modules: [__filename], connection: 'redis://localhost:6379' })");
  checkPoolOptions(options, 'startWorker', known);
  const { connection, modules, container } = options;
  const given = options.storage;
  if (given === undefined && typeof connection !== 'string')
    checkOptions({ storage: 'missing' }, { storage: { includes: () => false, text: missingStorage } }, 'startWorker()');
  return {
    connection,
    prefix: options.prefix ?? defaultPrefix,
    modules: modules.map(fileOf),
    queues: options.queues,
    concurrency: options.concurrency ?? 1,
    storage: writable(given instanceof Storage ? given : Storage.open(given ?? (connection as string))),
    ownsStorage: !(given instanceof Storage),
    executor: options.executor ?? 'threads',
    container: container && fileOf(container),
    execArgv: options.execArgv,
    lockDuration: options.lockDuration ?? 30_000,
    maxStalledCount: options.maxStalledCount ?? 2,
    grace: options.grace ?? Number.POSITIVE_INFINITY,
    stopSignals: options.stopSignals ?? ['SIGTERM', 'SIGINT'],
    onHealth: options.onHealth ?? (() => undefined),
    onWarning: guardedWarning(options.onWarning ?? emitWarning),
  };
}

const missingStorage =
  "the storage that the runners use, such as 'redis://localhost:6379', when the connection is no URI";

/** @throws {TidemarkError} for a storage in which the results of a worker could not be saved */
function writable(storage: Storage): Storage {
  if (storage.stack.all.some(({ isReadonly }) => !isReadonly)) return storage;
  throw new TidemarkError(
    `startWorker() cannot save results in ${storage.location}, which is read-only: open it without readonly, or chain it with the storage that the runners write`,
  );
}
