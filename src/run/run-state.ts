import { setMaxListeners } from 'node:events';
import type { TaskFailedError } from './errors';

/** Counts what a run has under way that ends by itself: when nothing is, and something waits, it waits forever. */
export class InFlightCounter {
  /** Called in a later turn, when nothing is under way and somebody asked for a check. */
  onIdle: (() => void) | undefined;
  /** Whether anything waits: only then is there something to check. */
  #isWatched = false;
  #busy = 0;
  #check: NodeJS.Immediate | undefined;

  get isIdle(): boolean {
    return this.#busy === 0;
  }

  begin(): void {
    this.#busy++;
  }

  readonly end = (): void => {
    if (--this.#busy === 0 && this.#isWatched) this.#scheduleIdleCheck();
  };

  /** Something waits from now on. */
  watch(): void {
    this.#isWatched = true;
    this.#scheduleIdleCheck();
  }

  /**
   * Nothing waits any more. Drops the pending check, which holds the whole run: a program that awaits run after run
   * may not return to its event loop for a long time.
   */
  unwatch(): void {
    this.#isWatched = false;
    clearImmediate(this.#check);
    this.#check = undefined;
  }

  /** Counts a promise while it is pending. */
  track<T>(pending: PromiseLike<T>): PromiseLike<T> {
    this.begin();
    pending.then(this.end, this.end);
    return pending;
  }

  /** Checks in a later turn, when what is over now has had its consequences. */
  #scheduleIdleCheck(): void {
    this.#check ??= setImmediate(() => {
      this.#check = undefined;
      if (this.isIdle) this.onIdle?.();
    });
  }
}

/** How a run is going: what has failed, and whether it is only waiting for what is under way. Shared by its executions. */
export class RunState {
  /** Tasks that failed for good, in the order of time. */
  readonly errors: TaskFailedError[] = [];
  readonly #onFailure: 'stop' | 'continue';
  readonly #ending = new AbortController();
  readonly #endingListeners = new Set<() => void>();
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
  onEnding(callback: () => void): () => void {
    this.#endingListeners.add(callback);
    return () => this.#endingListeners.delete(callback);
  }

  /** A task failed for good. */
  fail(error: TaskFailedError): void {
    this.errors.push(error);
    if (this.isEnding) this.#notify();
  }

  /** Ends the run. */
  endBy(error: unknown): void {
    this.#fatal ??= { error };
    this.#notify();
  }

  stop(): void {
    this.#isStopped = true;
    this.#notify();
  }

  #notify(): void {
    this.#ending.abort();
    for (const callback of [...this.#endingListeners]) callback();
  }
}
