import type { Redis } from 'ioredis';
import type { Keys } from './names';

/** How long a run counts as alive after its driver said so last, in milliseconds, and how often it says so. */
const aliveFor = 60_000;
const saidEvery = 15_000;

/** Tells workers that the drivers of runs are alive, so that what these need is kept. */
export class RunKeeper {
  readonly #client: Redis;
  readonly #keys: Keys;
  readonly #runs = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(client: Redis, keys: Keys) {
    this.#client = client;
    this.#keys = keys;
  }

  /** From now on, until its end, a run is alive. */
  keep(runId: string): void {
    if (this.#runs.has(runId)) return;
    this.#runs.add(runId);
    this.#timer ??= setInterval(() => this.say(), saidEvery).unref();
    this.say();
  }

  end(runId: string): void {
    if (!this.#runs.delete(runId)) return;
    this.#client.del(this.#keys.run(runId)).catch(ignore);
    if (this.#runs.size === 0) this.close();
  }

  /** Says it at once, as when Redis may have forgotten it. */
  say(): void {
    for (const runId of this.#runs) this.#client.set(this.#keys.run(runId), '1', 'PX', aliveFor).catch(ignore);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Whether a run's driver is alive, asked seldom. */
export class RunsSeen {
  readonly #client: Redis;
  readonly #keys: Keys;
  readonly #seen = new Map<string, { readonly at: number; readonly isAlive: Promise<boolean> }>();

  constructor(client: Redis, keys: Keys) {
    this.#client = client;
    this.#keys = keys;
  }

  isAlive(runId: string): Promise<boolean> {
    const now = performance.now();
    const seen = this.#seen.get(runId);
    if (seen && now - seen.at < seenFor) return seen.isAlive;
    for (const [id, { at }] of this.#seen) if (now - at >= seenFor) this.#seen.delete(id);
    const isAlive = this.#client.exists(this.#keys.run(runId)).then((count) => count > 0);
    this.#seen.set(runId, { at: now, isAlive });
    return isAlive;
  }
}

/** How long an answer to that counts, in milliseconds. */
const seenFor = 5_000;

function ignore(): void {}
