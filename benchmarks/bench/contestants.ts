import type { Contestant } from './case';

const one = (name: string, ...others: string[]): Contestant => ({ name, packages: [name, ...others] });
const inRedis = (contestant: Contestant): Contestant => ({
  ...contestant,
  packages: [...contestant.packages, '@keyv/redis'],
  needsRedis: true,
});

export const effect = one('effect');
export const effectInTurn: Contestant = { name: 'effect, in turn', packages: ['effect'] };
export const pLimit = one('p-limit');
export const pQueue = one('p-queue');
export const pGraph = one('p-graph');
export const asyncAuto: Contestant = { name: 'async.auto', packages: ['async'] };
export const bullmqFlow: Contestant = { name: 'bullmq flow', packages: ['bullmq', 'ioredis'], needsRedis: true };
export const piscina = one('piscina');
export const cborFile: Contestant = { name: 'cbor-x + write', packages: [] };

export const keyv = one('keyv');
export const cacheable = one('cacheable');
export const cacheManager = one('cache-manager');

/** The three caches over a store, for example one with files. */
export const caches = [keyv, one('cacheable', 'keyv'), one('cache-manager', 'keyv')];
export const cachesInRedis = caches.map(inRedis);
