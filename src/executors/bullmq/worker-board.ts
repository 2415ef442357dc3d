import type { Redis } from 'ioredis';
import { StrangeReplyError } from '../../storage/stores/redis/replies';
import type { Keys } from './names';
import { readNotice } from './read-content';
import type { WorkerNotice } from './worker-notice';

export type { WorkerNotice } from './worker-notice';

/** How long a notice stays up when it is not put up again, in milliseconds: for longer than an outage, or a pause. */
const keptFor = 60_000;
/** How often a worker puts it up again, in milliseconds. */
export const noticeEvery = 5_000;

/** Where workers tell which queues they take jobs of, and which tasks they have. */
export class WorkerBoard {
  readonly #client: Redis;
  readonly #keys: Keys;
  #completeFrom = 0;

  constructor(client: Redis, keys: Keys) {
    this.#client = client;
    this.#keys = keys;
  }

  async post(notice: WorkerNotice): Promise<void> {
    const { id } = notice;
    const text = JSON.stringify(notice);
    const { workers } = this.#keys;
    const replies = await this.#client
      .pipeline()
      .sadd(workers, id)
      .set(this.#keys.worker(id), text, 'PX', keptFor)
      .exec();
    const [, reply] = replies?.[1] ?? [];
    if (reply !== undefined && reply !== 'OK') throw new StrangeReplyError('SET', reply);
  }

  /** Redis was away: who lives puts his notice up again. */
  mayLack(): void {
    this.#completeFrom = performance.now() + 2 * noticeEvery;
  }

  /** Whether those who are not on it are not there. */
  get isComplete(): boolean {
    return performance.now() >= this.#completeFrom;
  }

  async remove(id: string): Promise<void> {
    await this.#client.pipeline().srem(this.#keys.workers, id).del(this.#keys.worker(id)).exec();
  }

  /** The workers that take jobs of a queue; without one, all. */
  async on(queue?: string): Promise<readonly WorkerNotice[]> {
    const ids = await this.#client.smembers(this.#keys.workers);
    if (!Array.isArray(ids)) throw new StrangeReplyError('SMEMBERS', ids);
    if (ids.length === 0) return [];
    const texts = await this.#client.mget(ids.map((id) => this.#keys.worker(id)));
    const gone = ids.filter((_, i) => texts[i] === null);
    if (gone.length > 0) await this.#client.srem(this.#keys.workers, ...gone);
    // One that cannot be read is put up again within seconds.
    const notices = texts.flatMap((text) => (typeof text === 'string' ? (readNotice(text) ?? []) : []));
    return queue === undefined ? notices : notices.filter(({ queues }) => queues.includes(queue));
  }
}
