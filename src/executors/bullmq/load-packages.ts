import { isMissing, requireOptional, UnfitPackageError } from '../../base/optional-package';
import { QueueError } from './queue-error';

// Kept, since `require` looks for a package anew each time, which takes several microseconds.
let bullMq: typeof import('bullmq') | undefined;
let ioRedis: typeof import('ioredis') | undefined;

/** BullMQ, which is installed by those who use it. @throws {QueueError} when it is not, or in an unfit version */
export function loadBullMq(): typeof import('bullmq') {
  return (bullMq ??= load('bullmq'));
}

/** The Redis client that BullMQ stands on. @throws {QueueError} when it is not installed, or in an unfit version */
export function loadIoRedis(): typeof import('ioredis') {
  return (ioRedis ??= load('ioredis'));
}

function load(name: string): any {
  try {
    // Both, so that what is wrong with one is said before the other connects.
    for (const each of ['ioredis', 'bullmq']) requireOptional(each);
    return requireOptional(name);
  } catch (cause) {
    if (cause instanceof UnfitPackageError)
      throw new QueueError(`tasks on other machines: ${cause.message}`, { cause });
    if (!isMissing(cause)) throw cause;
    throw new QueueError(
      'tasks on other machines need the packages bullmq and ioredis: install them with: npm install bullmq ioredis',
      { cause },
    );
  }
}
