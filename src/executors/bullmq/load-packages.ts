import { QueueError } from './queue-error';

/** BullMQ, which is installed by those who use it. @throws {QueueError} when it is not */
export function loadBullMq(): typeof import('bullmq') {
  return load(() => require('bullmq') as typeof import('bullmq'));
}

/** The Redis client that BullMQ stands on. @throws {QueueError} when it is not installed */
export function loadIoRedis(): typeof import('ioredis') {
  return load(() => require('ioredis') as typeof import('ioredis'));
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
