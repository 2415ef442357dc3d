import type { Redis } from 'ioredis';
import { UnexpectedReplyError } from '../../../redis/redis-error';
import { readRegistration, type WorkerRegistration } from './read-data';
import type { RedisKeys } from './redis-keys';

export type { WorkerRegistration } from './read-data';

/** How long a registration lasts without renewal, in milliseconds: longer than an outage, or a pause. */
const registrationTtl = 60_000;
/** How often a worker renews its registration, in milliseconds. */
export const registerInterval = 5_000;

/** Registry of live workers, with their queues and tasks. */
export class WorkerRegistry {
  readonly #client: Redis;
  readonly #keys: RedisKeys;
  #completeFrom = 0;

  constructor(client: Redis, keys: RedisKeys) {
    this.#client = client;
    this.#keys = keys;
  }

  async register(notice: WorkerRegistration): Promise<void> {
    const { id } = notice;
    const text = JSON.stringify(notice);
    const { workers } = this.#keys;
    const replies = await this.#client
      .pipeline()
      .sadd(workers, id)
      .set(this.#keys.worker(id), text, 'PX', registrationTtl)
      .exec();
    const [, reply] = replies?.[1] ?? [];
    if (reply !== undefined && reply !== 'OK') throw new UnexpectedReplyError('SET', reply);
  }

  /** After a Redis outage, live workers register again. */
  markIncomplete(): void {
    this.#completeFrom = performance.now() + 2 * registerInterval;
  }

  /** Whether workers that are missing from the registry do not exist. */
  get isComplete(): boolean {
    return performance.now() >= this.#completeFrom;
  }

  async unregister(id: string): Promise<void> {
    await this.#client.pipeline().srem(this.#keys.workers, id).del(this.#keys.worker(id)).exec();
  }

  /** The workers that take jobs of a queue; without one, all. */
  async workersOf(queue?: string): Promise<readonly WorkerRegistration[]> {
    const ids = await this.#client.smembers(this.#keys.workers);
    if (!Array.isArray(ids)) throw new UnexpectedReplyError('SMEMBERS', ids);
    if (ids.length === 0) return [];
    const texts = await this.#client.mget(ids.map((id) => this.#keys.worker(id)));
    const gone = ids.filter((_, i) => texts[i] === null);
    if (gone.length > 0) await this.#client.srem(this.#keys.workers, ...gone);
    // An unreadable registration is renewed within seconds.
    const notices = texts.flatMap((text) => (typeof text === 'string' ? (readRegistration(text) ?? []) : []));
    return queue === undefined ? notices : notices.filter(({ queues }) => queues.includes(queue));
  }
}
