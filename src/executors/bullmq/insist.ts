import { setTimeout as wait } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { isBroken } from './connection';

/** How long to wait after a connection broke, in milliseconds. */
export const tryAgainAfter = 100;

/** Does what broke off again, until the connection is lost for good: for what may be done twice. */
export async function insist<T>(client: Redis, send: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await send();
    } catch (error) {
      if (!isBroken(error) || client.status === 'end') throw error;
      await wait(tryAgainAfter);
    }
  }
}
