import { type Allowed, anything, checkOptions, milliseconds, numberFrom } from '../../base/check-options';
import { TidemarkError } from '../../base/error';
import type { Executor } from '../executor';

/** Where the Redis of the queues is: `redis://user:password@host:6379/0`, `rediss://…`, or what ioredis takes. */
export type QueueConnection = string | Readonly<Record<string, any>>;

/** Options that the executor and its workers share. */
export interface QueueOptions {
  readonly connection: QueueConnection;
  /** Prefix of all keys in Redis; the same for the runner and its workers. @default 'tidemark.jobs' */
  readonly prefix?: string;
}

/** How tasks run on workers by way of BullMQ. */
export interface BullMqOptions extends QueueOptions {
  /** How many jobs are in Redis at once, waiting or running. @default 1000 */
  readonly concurrency?: number;
  /** Values up to this many bytes travel with the job and its answer; larger ones by way of the storage. @default 4096 */
  readonly inlineBytes?: number;
  /** For how long a Redis may be away, in milliseconds, before the tasks that wait for it fail. @default 30_000 */
  readonly patience?: number;
  /** Files where classes of errors are looked for, when the program consists of ES modules: those that declare the tasks. */
  readonly modules?: readonly (string | URL)[];
  /** Up to this many tasks of one class that take next to no time go to a worker as one job; 1 for never. @default 50 */
  readonly bundle?: number;
  /** How often it is checked that jobs are still there, in milliseconds. @default 3_000 */
  readonly checkInterval?: number;
}

export const commonOptions: Readonly<Record<keyof QueueOptions, Allowed>> = {
  connection: {
    includes: (value) => (typeof value === 'string' ? isRedisUri(value) : typeof value === 'object' && value !== null),
    text: "where Redis is, such as 'redis://localhost:6379' or 'redis://localhost:6379/0'",
  },
  prefix: { includes: (value) => typeof value === 'string' && value !== '', text: 'a text' },
};

const known: Readonly<Record<keyof BullMqOptions, Allowed>> = {
  ...commonOptions,
  concurrency: anything,
  inlineBytes: numberFrom(0, 'bytes'),
  modules: { includes: Array.isArray, text: 'a list of files' },
  bundle: { includes: (value) => Number.isInteger(value) && (value as number) >= 1, text: 'a whole number >= 1' },
  patience: milliseconds(1, { forEver: true }),
  checkInterval: milliseconds(1),
};

/** @throws {TidemarkError} for options that cannot be */
export function checkBullMqOptions(options: BullMqOptions): void {
  assertConnection(options, "bullmq({ connection: 'redis://localhost:6379' })");
  checkOptions(options, known, 'bullmq()');
}

export function assertConnection(options: QueueOptions | undefined, example: string): void {
  if (typeof options !== 'object' || options === null || options.connection === undefined)
    throw new TidemarkError(`the address of Redis is missing: ${example}`);
  // Said without the value, in which there may be a password.
  if (!commonOptions.connection.includes(options.connection))
    throw new TidemarkError(`the option connection must be ${commonOptions.connection.text}`);
}

/** Clients take other databases for 0 and other ports for the usual one. */
function isRedisUri(text: string): boolean {
  if (!/^rediss?:\/\/./.test(text) || !URL.canParse(text)) return false;
  const { port, pathname } = new URL(text);
  return port !== '0' && /^(?:\/\d*)?$/.test(pathname);
}

/** What is going on in a queue. */
export interface QueueMetrics {
  /** Jobs that wait for a worker. */
  readonly waiting: number;
  /** Jobs that workers run. */
  readonly active: number;
  /** Jobs that have failed since there is the queue; what was tried again counts each time. */
  readonly failed: number;
  /** Workers that take its jobs. */
  readonly workers: number;
}

/** An executor whose tasks wait in queues for workers anywhere. */
export interface QueueExecutor extends Executor {
  /** How many jobs wait, run and have failed, and how many workers there are, by the queues that were used. */
  metrics(): Promise<Readonly<Record<string, QueueMetrics>>>;
  close(): Promise<void>;
}
