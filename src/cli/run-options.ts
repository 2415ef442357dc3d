import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import type { Executor } from '../executors/executor';
import type { RunnerOptions, RunOptions } from '../run/options';
import { UsageError } from './errors';
import type { TaskFile } from './task-file';

/** How a task is to be run. */
export interface RunCommandOptions {
  readonly executor: 'inline' | 'threads' | 'processes' | 'bullmq';
  readonly redis?: string;
  readonly prefix?: string;
  readonly workers?: number;
  readonly queue?: Readonly<Record<string, number>>;
  readonly onFailure?: 'stop' | 'continue';
  readonly force?: true | readonly string[];
}

/** The Redis of queues, when no other one is named. */
export const defaultRedis = 'redis://localhost:6379';

export function addRunOptions(command: Command): void {
  command
    .addOption(
      new Option('--executor <where>', 'where tasks run')
        .choices(['inline', 'threads', 'processes', 'bullmq'])
        .default('inline'),
    )
    .option('--workers <n>', 'how many threads or processes, or how many tasks at once', parseCount)
    .option('--redis <uri>', `with --executor bullmq, the Redis of the queues (default: ${defaultRedis})`)
    .option('--prefix <text>', 'with --executor bullmq, what the names of keys in Redis begin with')
    .option('--queue <name=n>', 'how many tasks of a queue run at once; may be repeated', parseQueue)
    .addOption(
      new Option('--on-failure <what>', 'what a failure does to the others (default: stop)').choices([
        'stop',
        'continue',
      ]),
    )
    .option('--force [tasks...]', 'compute anew: everything, or these tasks and what comes from them');
}

/** What a runner needs to know of it. @throws {Misuse} when there are no queues */
export function toRunnerOptions(
  { executor, workers, redis, prefix }: RunCommandOptions,
  file: TaskFile,
): RunnerOptions {
  if (executor === 'bullmq') return { executor: queueExecutor(workers, redis, prefix, file) };
  if (redis !== undefined || prefix !== undefined)
    throw new UsageError('--redis and --prefix are for --executor bullmq; say that as well');
  if (executor === 'inline') return workers === undefined ? {} : { concurrency: workers };
  return { executor: poolExecutor(executor, workers, file) };
}

/** What one run needs to know of it. @throws {Misuse} when a task to force is none */
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

/** A number from 1 on. @throws {InvalidArgumentError} when it is none */
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
