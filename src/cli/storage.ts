import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { describeError, isInstance } from '../base/describe-error';
import { TidemarkError } from '../base/error';
import { nearestName } from '../base/show';
import { configuredStorage, resolveSource } from '../config/configured-storage';
import type { StorageSource } from '../storage/open';
import { Storage } from '../storage/storage';
import type { TaskKey } from '../task/context';
import { UsageError } from './errors';
import { provideTidemarkToConfig } from './provide-tidemark';
import { defaultRedis } from './run-options';

const maxShownKeys = 5;

/**
 * Finds a key by a unique prefix, such as `Train/3f2a`.
 *
 * @throws {UsageError} when there is no such key, or more than one
 */
export async function findKey(storage: Storage, text: string): Promise<TaskKey> {
  const [, task] = /^([^/]+)\/./.exec(text) ?? [];
  if (task === undefined) throw new UsageError(`${text} is not a key: a key is a task and a hash, such as Train/3f2a…`);
  // A key that a task makes itself may contain any text.
  if (await storage.has(text as TaskKey)) return text as TaskKey;
  const known: TaskKey[] = [];
  // Includes damaged checkpoints, which can be deleted.
  for await (const { key } of storage.list({ onUnreadable: (damaged) => known.push(damaged) })) known.push(key);
  const found = known.filter((key) => key.startsWith(text));
  if (found.length === 1) return found[0]!;
  if (found.length > 1) {
    const shown = found
      .slice(0, maxShownKeys)
      .sort()
      .map((key) => `\n    ${key}`);
    throw new UsageError(
      `${found.length} keys start with ${text}:${shown.join('')}${found.length > maxShownKeys ? '\n    …' : ''}`,
    );
  }
  const tasks = new Set(known.map((key) => key.slice(0, key.indexOf('/'))));
  const suggestion = tasks.has(task) ? undefined : nearestName(task, tasks);
  throw new UsageError(
    `no result is saved under ${text} in ${storage.location}${suggestion ? `; did you mean the task ${suggestion}?` : ''}`,
  );
}

/** Options for the storage of results. */
export interface StorageOption {
  readonly storage?: string;
  readonly readonly?: true;
  /** With `bullmq`, the default is the Redis of the queues, where workers find results. */
  readonly executor?: string;
  readonly redis?: string;
}

export function addStorageOption(command: Command, where: string): void {
  command
    .option(
      '--storage <uri>',
      `storage of results, such as file:.cache or redis://localhost (default: TIDEMARK_STORAGE, tidemark.config.*, or .tidemark ${where})`,
    )
    .option('--readonly', 'only read from the storage: save, delete and quarantine nothing');
}

/**
 * Opens the storage that the options name, or the default for a file or for the working folder.
 *
 * @throws {UsageError} for an unknown kind of storage
 */
export function storageFor(options: StorageOption, file?: string): Storage {
  const storage = namedStorage(options, file);
  return options.readonly ? storage.asReadonly() : storage;
}

function namedStorage({ storage, executor, redis }: StorageOption, file?: string): Storage {
  if (storage !== undefined) return open(resolveSource(storage, process.cwd()), '--storage');
  const folder = file === undefined ? process.cwd() : dirname(file);
  if (file === undefined) provideTidemarkToConfig(folder);
  // A path in the environment variable is relative to the working folder, as in programs.
  const configured = configuredStorage(process.env['TIDEMARK_STORAGE'] ? process.cwd() : folder);
  if (configured === undefined && executor === 'bullmq') return open(redis ?? defaultRedis, '--redis');
  if (configured === undefined) return Storage.open(`file:${join(folder, '.tidemark')}`);
  const { source, from } = configured;
  return source instanceof Storage ? source : open(source as StorageSource, from);
}

function open(source: StorageSource, from: string): Storage {
  try {
    return Storage.open(source);
  } catch (cause) {
    throw isInstance(cause, TidemarkError) ? new UsageError(`${from}: ${describeError(cause)}`, { cause }) : cause;
  }
}

/** Uses a storage, then closes it. */
export async function withStorage<R>(storage: Storage, use: (storage: Storage) => Promise<R>): Promise<R> {
  try {
    return await use(storage);
  } finally {
    await storage.close();
  }
}
