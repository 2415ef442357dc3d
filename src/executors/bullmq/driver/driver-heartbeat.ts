import type { Redis } from 'ioredis';
import type { RedisKeys } from '../protocol/redis-keys';

/** How long a run counts as alive after a heartbeat, and the interval of heartbeats, in milliseconds. */
const aliveFor = 60_000;
const beatInterval = 15_000;

/** Heartbeat of a driver: workers run its jobs, and keep its temporary results, while its runs are alive. */
export class DriverHeartbeat {
  readonly #client: Redis;
  readonly #keys: RedisKeys;
  readonly #runs = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(client: Redis, keys: RedisKeys) {
    this.#client = client;
    this.#keys = keys;
  }

  /** Starts the heartbeat of a run. */
  start(runId: string): void {
    if (this.#runs.has(runId)) return;
    this.#runs.add(runId);
    this.#timer ??= setInterval(() => this.beat(), beatInterval).unref();
    this.beat();
  }

  stop(runId: string): void {
    if (!this.#runs.delete(runId)) return;
    this.#client.del(this.#keys.run(runId)).catch(ignore);
    if (this.#runs.size === 0) this.close();
  }

  /** Sends a heartbeat now, as when Redis may have lost the last one. */
  beat(): void {
    for (const runId of this.#runs) this.#client.set(this.#keys.run(runId), '1', 'PX', aliveFor).catch(ignore);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

function ignore(): void {}
