import { setMaxListeners } from 'node:events';
import type { Bytes } from '../../encoding/encoder';
import type { TaskContext } from '../../task/context';
import { NotStartedError } from '../errors';
import type { JobListener } from '../executor';
import type { JobMessage, Reply } from '../remote/messages';

/** What a worker is asked to do. */
export interface PoolRequest {
  readonly message: JobMessage;
  readonly bytes: readonly Bytes[];
  /** Told what the task says meanwhile. */
  readonly context: Pick<TaskContext, 'signal' | 'progress' | 'log'>;
  /** Told which worker runs it, and what it printed. */
  readonly listener?: JobListener | undefined;
  /** Aborts when a job that still waits is to be given back. */
  readonly ending?: AbortSignal | undefined;
}

/** What came of it. */
export interface PoolAnswer {
  readonly reply: Reply;
  readonly bytes: readonly Bytes[];
  /** The end of what the task printed, where that is known. */
  readonly output: string;
}

/** A job in a pool, waiting or running. */
export class PoolJob {
  readonly request: PoolRequest;
  readonly #resolve: (answer: PoolAnswer) => void;
  readonly #reject: (error: unknown) => void;
  /** What aborting does: another thing once it runs. */
  #abort: () => void;

  constructor(
    request: PoolRequest,
    resolve: (answer: PoolAnswer) => void,
    reject: (error: unknown) => void,
    abort: (job: PoolJob) => void,
  ) {
    this.request = request;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#abort = () => abort(this);
    // All jobs of a run listen to one signal; Node would take that for a leak.
    const { ending } = request;
    setMaxListeners(0, request.context.signal, ...(ending ? [ending] : []));
    request.context.signal.addEventListener('abort', this.#onAbort, { once: true });
    ending?.addEventListener('abort', this.#onEnding, { once: true });
  }

  /** A worker has it: it is given back no more. */
  begin(): void {
    this.request.ending?.removeEventListener('abort', this.#onEnding);
  }

  set onAbort(abort: () => void) {
    this.#abort = abort;
  }

  succeed(answer: PoolAnswer): void {
    this.#unlisten();
    this.#resolve(answer);
  }

  fail(error: unknown): void {
    this.#unlisten();
    this.#reject(error);
  }

  readonly #onAbort = (): void => this.#abort();

  readonly #onEnding = (): void => {
    this.fail(new NotStartedError(this.request.message.task));
    // While it waits, that takes it out of the queue.
    this.#abort();
  };

  #unlisten(): void {
    this.begin();
    this.request.context.signal.removeEventListener('abort', this.#onAbort);
  }
}
