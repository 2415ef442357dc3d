import type { Bytes } from '../../encoding/encoder';
import type { Executor, Job } from '../executor';
import type { SentResult } from '../sent-result';
import { jobMessage } from './job-message';
import { Pieces } from './pieces';
import { Pool, type PoolOptions } from './pool';
import { readFailure } from './read-failure';
import { readResult } from './read-result';
import { noteOutput } from './task-output';

export interface PoolExecutorOptions extends PoolOptions {
  /** Puts bytes where workers can read them without a copy for each. */
  readonly share: (bytes: Bytes) => Bytes;
}

/** Runs tasks in a pool of workers. */
export class PoolExecutor implements Executor {
  readonly name: string;
  /** Twice as many as run, so that a worker that is done finds the next job waiting. */
  readonly concurrency: number;
  readonly tellsStart = true;
  readonly isolates = true;
  readonly #pool: Pool;
  readonly #pieces: Pieces;
  readonly #modules: readonly string[];

  constructor(options: PoolExecutorOptions) {
    this.#pool = new Pool(options);
    this.#pieces = new Pieces(options.share);
    this.#modules = options.start.modules;
    this.name = options.start.pool;
    this.concurrency = 2 * this.#pool.size;
  }

  async execute(job: Job): Promise<SentResult> {
    const { context, node, listener, ending } = job;
    const { reply, bytes, output } = await this.#pool.run({
      ...(await jobMessage(job, this.#pieces)),
      context,
      listener,
      ending,
    });
    if (reply.type === 'failed') {
      const thrown = await readFailure(reply.failure, bytes, this.#modules);
      noteOutput(thrown, output);
      throw thrown;
    }
    return readResult(node, reply, bytes, output);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
