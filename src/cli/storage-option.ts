import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { describeError, isInstance } from '../base/describe-error';
import { configuredStorage } from '../config/configured-storage';
import { resolveSource } from '../config/resolve-source';
import { TidemarkError } from '../error';
import type { StorageSource } from '../storage/open';
import { Storage } from '../storage/storage';
import { Misuse } from './misuse';
import { shareWithConfig } from './own-copy';
import { defaultRedis } from './run-options';

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
  if (file === undefined) shareWithConfig(folder);
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
    throw isInstance(cause, TidemarkError) ? new Misuse(`${from}: ${describeError(cause)}`, { cause }) : cause;
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
