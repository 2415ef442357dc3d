import type { Redis } from 'ioredis';
import type { Layer } from '../../../storage/layer';
import type { Keys } from '../names';
import type { Passing } from '../passing';
import { noticeEvery, type WorkerBoard, type WorkerNotice } from '../worker-board';
import type { WorkerHealth } from './options';

export interface ChoresParts {
  readonly client: Redis;
  readonly keys: Keys;
  readonly board: WorkerBoard;
  readonly notice: WorkerNotice;
  readonly passing: Passing;
  readonly layer: Layer | undefined;
  readonly health: () => WorkerHealth;
  readonly onHealth: () => void;
}

/** How often it is looked for what runs left behind, and told how the worker is doing, in milliseconds. */
const sweepEvery = 60_000;
const healthEvery = 30_000;

/** What a worker does from time to time besides running jobs. */
export class Chores {
  readonly #parts: ChoresParts;
  #timers: NodeJS.Timeout[] = [];
  #told = '';

  constructor(parts: ChoresParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    const { board, notice, client } = this.#parts;
    await board.post(notice);
    // Redis may have come back without it.
    const post = () => void board.post(notice).catch(ignore);
    client.on('ready', () => {
      board.mayLack();
      post();
    });
    this.#timers = [
      setInterval(post, noticeEvery),
      setInterval(() => void this.#sweep().catch(ignore), sweepEvery),
      setInterval(() => this.#tell(), healthEvery),
    ];
    this.#tell();
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    const { board, notice, client } = this.#parts;
    if (client.status === 'ready') await board.remove(notice.id).catch(ignore);
    this.#tell();
  }

  /** One worker at a time removes what runs left behind whose driver is gone. */
  async #sweep(): Promise<void> {
    const { client, keys, passing, layer } = this.#parts;
    if (!layer || (await client.set(keys.sweep, '1', 'PX', sweepEvery - 10_000, 'NX')) === null) return;
    await passing.sweep(layer);
  }

  #tell(): void {
    const text = JSON.stringify(this.#parts.health());
    if (text === this.#told) return;
    this.#told = text;
    this.#parts.onHealth();
  }
}

function ignore(): void {}
