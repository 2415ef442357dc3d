import type { Redis } from 'ioredis';
import type { Bytes, Encryption } from '../../../encoding/encoder';
import { readFailure } from '../../remote/failure';
import type { SentFailure } from '../../remote/messages';
import type { Connection } from '../connection';
import { decodePayload, type PayloadContext } from '../protocol/payload';
import { type Cancellation, readCancellation } from '../protocol/read-data';
import type { RedisKeys } from '../protocol/redis-keys';
import { QueueError } from '../queue-error';
import type { ActiveJob } from './active-job';

type OnCancelled = (job: ActiveJob, reason: string) => void;

/** For how long it is remembered what was heard of jobs that are not here (yet), in milliseconds. */
const rememberFor = 5_000;

/** Receives the cancellations of drivers. */
export class Cancellations {
  readonly #commands: Connection;
  readonly #subscriber: Connection;
  readonly #keys: RedisKeys;
  readonly #running: ReadonlySet<ActiveJob>;
  readonly #onAbort: OnCancelled;
  readonly #received = new Map<string, string>();

  /** @param hearing a connection for this alone */
  constructor(options: {
    commands: Connection;
    hearing: Connection;
    keys: RedisKeys;
    running: ReadonlySet<ActiveJob>;
    onAbort: OnCancelled;
  }) {
    this.#commands = options.commands;
    this.#subscriber = options.hearing;
    this.#keys = options.keys;
    this.#running = options.running;
    this.#onAbort = options.onAbort;
  }

  async start(): Promise<void> {
    const { client } = this.#subscriber;
    client.on('message', (_: string, text: string) => {
      const message = readCancellation(text);
      if (message) this.#receive(message);
    });
    // The client subscribes again by itself; missed cancellations are read from their keys.
    client.on('ready', () => void this.#catchUp());
    await client.subscribe(this.#keys.cancellations);
  }

  /** Cancels an acquired job whose cancellation came before it. */
  check(job: ActiveJob): void {
    const { queue, id } = job.acquired;
    const key = this.#keys.cancellation(queue.name, id);
    const reason = this.#received.size > 0 ? this.#received.get(key) : undefined;
    if (reason !== undefined) this.#cancel(job, key, reason);
  }

  #receive({ queue, jobId, reason }: Cancellation): void {
    const key = this.#keys.cancellation(queue, jobId);
    const job = [...this.#running].find(({ acquired }) => acquired.id === jobId && acquired.queue.name === queue);
    if (job) {
      this.#cancel(job, key, reason);
      return;
    }
    this.#received.set(key, reason);
    setTimeout(() => this.#received.delete(key), rememberFor).unref();
  }

  /** Deletes the cancellation, which must not cancel a later job of the same id. */
  #cancel(job: ActiveJob, key: string, reason: string): void {
    this.#received.delete(key);
    this.#commands.client.del(key).catch(() => undefined);
    this.#onAbort(job, reason);
  }

  async #catchUp(): Promise<void> {
    const jobs = [...this.#running];
    if (jobs.length === 0) return;
    const keys = jobs.map(({ acquired }) => this.#keys.cancellation(acquired.queue.name, acquired.id));
    const reasons = await this.#commands.client.mget(keys).catch(() => []);
    for (const [i, job] of jobs.entries()) {
      const reason = reasons[i];
      if (typeof reason === 'string') this.#cancel(job, keys[i]!, reason);
    }
  }
}

/** Reads the reason of a cancellation. @param modules files that may export its error class */
export async function readCancelReason(
  text: string,
  encryption: Encryption | null,
  place: Pick<PayloadContext, 'queue' | 'id'>,
  modules: readonly string[],
): Promise<unknown> {
  try {
    const content = await decodePayload<{ failure: SentFailure; bytes: readonly Bytes[] }>(
      JSON.parse(text),
      encryption,
      {
        ...place,
        kind: 'abort',
      },
    );
    return await readFailure(content.failure, content.bytes, modules);
  } catch {
    return new QueueError('the driver cancelled it');
  }
}

/** Checks whether the driver of a run is alive, and caches the answer. */
export class HeartbeatReader {
  readonly #client: Redis;
  readonly #keys: RedisKeys;
  readonly #seen = new Map<string, { readonly at: number; readonly isAlive: Promise<boolean> }>();

  constructor(client: Redis, keys: RedisKeys) {
    this.#client = client;
    this.#keys = keys;
  }

  isAlive(runId: string): Promise<boolean> {
    const now = performance.now();
    const seen = this.#seen.get(runId);
    if (seen && now - seen.at < answerTtl) return seen.isAlive;
    for (const [id, { at }] of this.#seen) if (now - at >= answerTtl) this.#seen.delete(id);
    const isAlive = this.#client.exists(this.#keys.run(runId)).then((count) => count > 0);
    this.#seen.set(runId, { at: now, isAlive });
    return isAlive;
  }
}

/** How long an answer to that counts, in milliseconds. */
const answerTtl = 5_000;
