import type { Bytes } from '../../encoding/encoder';
import { recordOutput } from '../errors';
import type { Executor, Job } from '../executor';
import { EncodedInputs } from '../remote/encoded-inputs';
import { type EncodedResult, readResult } from '../remote/encoded-result';
import { readFailure } from '../remote/failure';
import { jobMessage } from '../remote/job-message';
import { Pool, type PoolOptions } from './pool';

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
  readonly isRemote = true;
  readonly #pool: Pool;
  readonly #inputs: EncodedInputs;
  readonly #modules: readonly string[];

  constructor(options: PoolExecutorOptions) {
    this.#pool = new Pool(options);
    this.#inputs = new EncodedInputs(options.share);
    this.#modules = options.start.modules;
    this.name = options.start.pool;
    this.concurrency = 2 * this.#pool.size;
  }

  async execute(job: Job): Promise<EncodedResult> {
    const { context, node, listener, ending } = job;
    const { reply, bytes, output } = await this.#pool.run({
      ...(await jobMessage(job, this.#inputs)),
      context,
      listener,
      ending,
    });
    if (reply.type === 'failed') {
      const thrown = await readFailure(reply.failure, bytes, this.#modules);
      recordOutput(thrown, output);
      throw thrown;
    }
    return readResult(node, reply, bytes, output);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
