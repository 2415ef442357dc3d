import { setMaxListeners } from 'node:events';
import type { TaskFailedError } from './failure';

/** How a run is going: what has failed, and whether it is only waiting for what is under way. Shared by its executions. */
export class RunState {
  /** Tasks that failed for good, in the order of time. */
  readonly errors: TaskFailedError[] = [];
  readonly #onFailure: 'stop' | 'continue';
  readonly #ending = new AbortController();
  readonly #onEnding = new Set<() => void>();
  #fatal: { readonly error: unknown } | undefined;
  #isStopped = false;

  constructor(onFailure: 'stop' | 'continue') {
    this.#onFailure = onFailure;
    setMaxListeners(0, this.#ending.signal);
  }

  /** What ended the run besides failed tasks. */
  get fatal(): { readonly error: unknown } | undefined {
    return this.#fatal;
  }

  /** Aborts once nothing new is to be started. */
  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Whether nothing new is to be started. */
  get isEnding(): boolean {
    return this.#isStopped || this.#fatal !== undefined || (this.errors.length > 0 && this.#onFailure === 'stop');
  }

  /** Calls back once the run is ending. Gives what to call when that is of no interest any more. */
  whenEnding(callback: () => void): () => void {
    this.#onEnding.add(callback);
    return () => this.#onEnding.delete(callback);
  }

  /** A task failed for good. */
  fail(error: TaskFailedError): void {
    this.errors.push(error);
    if (this.isEnding) this.#tell();
  }

  /** Ends the run. */
  endBy(error: unknown): void {
    this.#fatal ??= { error };
    this.#tell();
  }

  stop(): void {
    this.#isStopped = true;
    this.#tell();
  }

  #tell(): void {
    this.#ending.abort();
    for (const callback of [...this.#onEnding]) callback();
  }
}
