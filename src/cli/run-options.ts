import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import type { Executor } from '../executors/executor';
import type { RunnerOptions, RunOptions } from '../run/options';
import { UsageError } from './errors';
import type { TaskFile } from './task-file';

/** Options of `tidemark run`. */
export interface RunCommandOptions {
  readonly executor: 'inline' | 'threads' | 'processes' | 'bullmq';
  readonly redis?: string;
  readonly prefix?: string;
  readonly workers?: number;
  readonly queue?: Readonly<Record<string, number>>;
  readonly onFailure?: 'stop' | 'continue';
  readonly force?: true | readonly string[];
}

/** The default Redis of the queues. */
export const defaultRedis = 'redis://localhost:6379';

export function addRunOptions(command: Command): void {
  command
    .addOption(
      new Option('--executor <where>', 'where tasks run')
        .choices(['inline', 'threads', 'processes', 'bullmq'])
        .default('inline'),
    )
    .option('--workers <n>', 'number of threads or processes, or of tasks at the same time', parseCount)
    .option('--redis <uri>', `with --executor bullmq: the Redis of the queues (default: ${defaultRedis})`)
    .option('--prefix <text>', 'with --executor bullmq: prefix of the keys in Redis')
    .option('--queue <name=n>', 'number of tasks of a queue that run at the same time; repeatable', parseQueue)
    .addOption(
      new Option('--on-failure <what>', 'stop or continue with other tasks after a failure (default: stop)').choices([
        'stop',
        'continue',
      ]),
    )
    .option('--force [tasks...]', 'recompute everything, or these tasks and everything that depends on them');
}

/** The options of the runner. @throws {UsageError} for options of queues without queues */
export function toRunnerOptions(
  { executor, workers, redis, prefix }: RunCommandOptions,
  file: TaskFile,
): RunnerOptions {
  if (executor === 'bullmq') return { executor: queueExecutor(workers, redis, prefix, file) };
  if (redis !== undefined || prefix !== undefined) throw new UsageError('--redis and --prefix need --executor bullmq');
  if (executor === 'inline') return workers === undefined ? {} : { concurrency: workers };
  return { executor: poolExecutor(executor, workers, file) };
}

/** The options of the run. @throws {UsageError} for an unknown task in `--force` */
export function toRunOptions({ queue, onFailure, force }: RunCommandOptions, file: TaskFile): RunOptions {
  const queues = Object.fromEntries(Object.entries(queue ?? {}).map(([name, concurrency]) => [name, { concurrency }]));
  return {
    queues,
    ...(onFailure && { onFailure }),
    ...(force !== undefined && { force: force === true || force.map((name) => file.task(name)) }),
  };
}

function poolExecutor(kind: 'threads' | 'processes', size: number | undefined, file: TaskFile): Executor {
  const { threads } = require('../executors/threads') as typeof import('../executors/threads');
  const { processes } = require('../executors/processes') as typeof import('../executors/processes');
  return (kind === 'threads' ? threads : processes)({
    modules: [file.path],
    ...(size !== undefined && { size }),
    ...(file.workerArguments && { execArgv: file.workerArguments }),
  });
}

function queueExecutor(
  concurrency: number | undefined,
  connection = defaultRedis,
  prefix: string | undefined,
  { path }: TaskFile,
): Executor {
  const { bullmq } = require('../executors/bullmq/bullmq') as typeof import('../executors/bullmq/bullmq');
  return bullmq({
    connection,
    modules: [path],
    ...(concurrency !== undefined && { concurrency }),
    ...(prefix !== undefined && { prefix }),
  });
}

/** Parses a number of at least 1. @throws {InvalidArgumentError} for any other text */
export function parseCount(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It must be a whole number >= 1.');
  return Number(text);
}

function parseQueue(
  text: string,
  before: Readonly<Record<string, number>> | undefined,
): Readonly<Record<string, number>> {
  const [, name, limit] = /^(.+)=([^=]*)$/s.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError('It must be a name and a number, such as gpu=1.');
  return { ...before, [name]: parseCount(limit!) };
}
