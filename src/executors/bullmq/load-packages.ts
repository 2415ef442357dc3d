import { QueueError } from './queue-error';

// Kept, since `require` looks for a package anew each time, which takes several microseconds.
let bullMq: typeof import('bullmq') | undefined;
let ioRedis: typeof import('ioredis') | undefined;

/** BullMQ, which is installed by those who use it. @throws {QueueError} when it is not */
export function loadBullMq(): typeof import('bullmq') {
  return (bullMq ??= load(() => require('bullmq') as typeof import('bullmq')));
}

/** The Redis client that BullMQ stands on. @throws {QueueError} when it is not installed */
export function loadIoRedis(): typeof import('ioredis') {
  return (ioRedis ??= load(() => require('ioredis') as typeof import('ioredis')));
}

function load<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException)?.code !== 'MODULE_NOT_FOUND') throw cause;
    throw new QueueError(
      'tasks on other machines need the packages bullmq and ioredis: install them with: npm install bullmq ioredis',
      { cause },
    );
  }
}
