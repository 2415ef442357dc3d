import type { Redis } from 'ioredis';
import type { CheckpointStore } from '../../../storage/checkpoint-store';
import type { RedisKeys } from '../protocol/redis-keys';
import type { TemporaryResults } from '../protocol/temporary-results';
import { registerInterval, type WorkerRegistration, type WorkerRegistry } from '../protocol/worker-registry';
import type { WorkerHealth } from './options';

export interface MaintenanceParts {
  readonly client: Redis;
  readonly keys: RedisKeys;
  readonly registry: WorkerRegistry;
  readonly registration: WorkerRegistration;
  readonly temporaryResults: TemporaryResults;
  readonly store: CheckpointStore | undefined;
  readonly health: () => WorkerHealth;
  readonly onHealth: () => void;
}

/** Intervals of sweeps and of health reports, in milliseconds. */
const sweepInterval = 60_000;
const healthInterval = 30_000;

/** Periodic work of a worker: registration, sweeps of temporary results, health reports. */
export class Maintenance {
  readonly #parts: MaintenanceParts;
  #timers: NodeJS.Timeout[] = [];
  #reported = '';

  constructor(parts: MaintenanceParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    const { registry, registration, client } = this.#parts;
    await registry.register(registration);
    // Redis may have come back without it.
    const post = () => void registry.register(registration).catch(ignore);
    client.on('ready', () => {
      registry.markIncomplete();
      post();
    });
    this.#timers = [
      setInterval(post, registerInterval),
      setInterval(() => void this.#sweep().catch(ignore), sweepInterval),
      setInterval(() => this.#reportHealth(), healthInterval),
    ];
    this.#reportHealth();
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    const { registry, registration, client } = this.#parts;
    if (client.status === 'ready') await registry.unregister(registration.id).catch(ignore);
    this.#reportHealth();
  }

  /** One worker at a time removes what runs left behind whose driver is gone. */
  async #sweep(): Promise<void> {
    const { client, keys, temporaryResults, store } = this.#parts;
    if (!store || (await client.set(keys.sweep, '1', 'PX', sweepInterval - 10_000, 'NX')) === null) return;
    await temporaryResults.sweep(store);
  }

  #reportHealth(): void {
    const text = JSON.stringify(this.#parts.health());
    if (text === this.#reported) return;
    this.#reported = text;
    this.#parts.onHealth();
  }
}

function ignore(): void {}
