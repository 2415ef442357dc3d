import type { Command } from 'commander';
import { Option } from 'commander';
import type { WorkerHealth, WorkerOptions } from '../../executors/bullmq/worker/options';
import type { TidemarkWorker } from '../../executors/bullmq/worker/worker';
import { UsageError } from '../errors';
import { printMessage } from '../output';
import { defaultRedis, parseCount } from '../run-options';
import { type StorageOption, storageFor } from '../storage';
import { TaskFile } from '../task-file';

interface Options extends StorageOption {
  readonly redis: string;
  readonly queue?: readonly string[];
  readonly concurrency?: number;
  readonly executor: NonNullable<WorkerOptions['executor']>;
  readonly prefix?: string;
  readonly container?: string;
}

export function define(command: Command): void {
  command
    .usage('FILE… [options]')
    .argument('[files...]', 'TypeScript or JavaScript files that declare the tasks')
    .option('--redis <uri>', 'the Redis of the queues', defaultRedis)
    .option(
      '--queue <name>',
      'queue to take jobs from; repeatable (default: the queues of all tasks in the files)',
      (name: string, others: readonly string[] = []) => [...others, name],
    )
    .option('--concurrency <n>', 'number of jobs that run at the same time (default: 1)', parseCount)
    .addOption(
      new Option('--executor <where>', 'where tasks run')
        .choices(['threads', 'processes', 'inline'])
        .default('threads'),
    )
    .option(
      '--storage <uri>',
      'the storage of the runs (default: TIDEMARK_STORAGE, tidemark.config.*, or the Redis of the queues)',
    )
    .option('--prefix <text>', 'prefix of the keys in Redis, as for the runs')
    .option('--container <file>', 'file that exports a dependency injection container for tasks and services')
    .action((files: readonly string[], options: Options) => runWorker(files, options));
}

async function runWorker(names: readonly string[], options: Options): Promise<void> {
  if (names.length === 0) throw new UsageError('missing FILE; usage: tidemark worker FILE… [options]');
  const files: TaskFile[] = [];
  for (const name of names) files.push(await TaskFile.load(name));
  const execArgv = files.map(({ workerArguments }) => workerArguments).find((given) => given !== undefined);
  // The same rule as for `tidemark run --executor bullmq`, so that both use the same storage.
  const storage = storageFor({ ...options, executor: 'bullmq' }, files[0]!.path);
  const { launchWorker } =
    require('../../executors/bullmq/worker/start-worker') as typeof import('../../executors/bullmq/worker/start-worker');
  const worker = await launchWorker({
    modules: files.map(({ path }) => path),
    connection: options.redis,
    executor: options.executor,
    stopSignals: [],
    onHealth: (health) => printMessage(healthLine(health)),
    onWarning: (message) => printMessage(`warning: ${message}`),
    ...(options.queue && { queues: options.queue }),
    ...(options.concurrency !== undefined && { concurrency: options.concurrency }),
    ...(options.prefix !== undefined && { prefix: options.prefix }),
    ...(options.container !== undefined && { container: options.container }),
    storage,
    ...(execArgv && { execArgv }),
  });
  stopOnSignals(worker);
  await worker.closed;
  await storage.close();
}

/** At the first signal, the worker finishes its jobs; at the second, it returns them to their queues. */
function stopOnSignals(worker: TidemarkWorker): void {
  let signals = 0;
  const listener = () => {
    if (++signals === 1)
      printMessage('stopping: running jobs finish; send a second signal to return them to their queues');
    void worker.close({ handBack: signals > 1 });
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, listener);
}

function healthLine({ name, queues, concurrency, running, done, failed, isConnected }: WorkerHealth): string {
  const state = isConnected ? `running ${running}` : 'disconnected from Redis, reconnecting';
  const listed = `${queues.length === 1 ? 'queue' : 'queues'} ${queues.join(', ')}`;
  return `worker ${name} · ${listed} · ${concurrency} at once · ${state} · done ${done} · failed ${failed}`;
}
