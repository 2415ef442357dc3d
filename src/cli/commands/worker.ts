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
    .argument('[files...]', 'TypeScript or JavaScript that declares the tasks')
    .option('--redis <uri>', 'the Redis of the queues', defaultRedis)
    .option(
      '--queue <name>',
      'a queue that it takes jobs of; repeatable (default: those of all tasks in the files)',
      (name: string, others: readonly string[] = []) => [...others, name],
    )
    .option('--concurrency <n>', 'how many jobs it runs at once (default: 1)', parseCount)
    .addOption(
      new Option('--executor <where>', 'where tasks run')
        .choices(['threads', 'processes', 'inline'])
        .default('threads'),
    )
    .option(
      '--storage <uri>',
      'the storage that the runners use (default: what TIDEMARK_STORAGE or tidemark.config.* names, or else the Redis of the queues)',
    )
    .option('--prefix <text>', 'what the names of keys in Redis begin with, as for the runners')
    .option('--container <file>', 'a file that exports the container which makes tasks and their services')
    .action((files: readonly string[], options: Options) => runWorker(files, options));
}

async function runWorker(names: readonly string[], options: Options): Promise<void> {
  if (names.length === 0) throw new UsageError('which file? tidemark worker FILE… [options]');
  const files: TaskFile[] = [];
  for (const name of names) files.push(await TaskFile.load(name));
  const execArgv = files.map(({ workerArguments }) => workerArguments).find((given) => given !== undefined);
  // By the same rule as for `tidemark run --executor bullmq`, so that both have the same.
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

/** The first signal lets it finish, the second hands back what is running. */
function stopOnSignals(worker: TidemarkWorker): void {
  let signals = 0;
  const listener = () => {
    if (++signals === 1) printMessage('stopping: what is running finishes; a second signal hands it back to its queue');
    void worker.close({ handBack: signals > 1 });
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, listener);
}

function healthLine({ name, queues, concurrency, running, done, failed, isConnected }: WorkerHealth): string {
  const state = isConnected ? `running ${running}` : 'no connection to Redis, which it tries to get back';
  const listed = `${queues.length === 1 ? 'queue' : 'queues'} ${queues.join(', ')}`;
  return `worker ${name} · ${listed} · ${concurrency} at once · ${state} · done ${done} · failed ${failed}`;
}
