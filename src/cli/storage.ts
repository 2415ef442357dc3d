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
import { provideTidemarkToConfig } from './own-copy';
import { defaultRedis } from './run-options';

const maxShownKeys = 5;

/**
 * The key that is meant: whole, or as much of it as tells it from the others, such as `Train/3f2a`.
 *
 * @throws {Misuse} when nothing is saved under it, or it may be several
 */
export async function findKey(storage: Storage, text: string): Promise<TaskKey> {
  const [, task] = /^([^/]+)\/./.exec(text) ?? [];
  if (task === undefined) throw new UsageError(`${text} is no key: a key is a task and a hash, such as Train/3f2a…`);
  // A task's own key may contain anything.
  if (await storage.has(text as TaskKey)) return text as TaskKey;
  const known: TaskKey[] = [];
  // Damaged checkpoints can be deleted too.
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
  const meant = tasks.has(task) ? undefined : nearestName(task, tasks);
  throw new UsageError(
    `nothing is saved under ${text} in ${storage.location}${meant ? `; did you mean the task ${meant}?` : ''}`,
  );
}

/** The option that says where results are. */
export interface StorageOption {
  readonly storage?: string;
  readonly readonly?: true;
  /** With `bullmq`, results have to be where workers find them. */
  readonly executor?: string;
  readonly redis?: string;
}

export function addStorageOption(command: Command, where: string): void {
  command
    .option(
      '--storage <uri>',
      `where results are saved, such as file:.cache or redis://localhost (default: what TIDEMARK_STORAGE or tidemark.config.* names, or else .tidemark ${where})`,
    )
    .option('--readonly', 'only read there: nothing is saved, deleted or set aside');
}

/**
 * The storage that is named, or else the one that is meant for a file, or for the working folder.
 *
 * @throws {Misuse} when what is named is none
 */
export function storageFor(options: StorageOption, file?: string): Storage {
  const storage = namedStorage(options, file);
  return options.readonly ? storage.asReadonly() : storage;
}

function namedStorage({ storage, executor, redis }: StorageOption, file?: string): Storage {
  if (storage !== undefined) return open(resolveSource(storage, process.cwd()), '--storage');
  const folder = file === undefined ? process.cwd() : dirname(file);
  if (file === undefined) provideTidemarkToConfig(folder);
  // A path in the environment variable is relative to where the command is given, as it is in programs.
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

/** Opens a storage for as long as something is done with it. */
export async function withStorage<R>(storage: Storage, use: (storage: Storage) => Promise<R>): Promise<R> {
  try {
    return await use(storage);
  } finally {
    await storage.close();
  }
}
