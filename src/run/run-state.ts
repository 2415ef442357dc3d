import { setMaxListeners } from 'node:events';
import type { TaskFailedError } from './errors';

/** Counts the operations of a run that end by themselves. When there are none, whatever waits would wait forever. */
export class InFlightCounter {
  /** Called in a later turn of the event loop when nothing is in flight and a check was scheduled. */
  onIdle: (() => void) | undefined;
  /** True while something waits: otherwise no check is needed. */
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

  /** Starts checking, since something waits. */
  watch(): void {
    this.#isWatched = true;
    this.#scheduleIdleCheck();
  }

  /**
   * Stops checking, since nothing waits any more. Cancels the pending check, which would keep the whole run in memory:
   * a program that awaits run after run may not return to its event loop for a long time.
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

  /** Checks in a later turn, when the callbacks of everything that is over have run. */
  #scheduleIdleCheck(): void {
    this.#check ??= setImmediate(() => {
      this.#check = undefined;
      if (this.isIdle) this.onIdle?.();
    });
  }
}

/** The failures of a run, and whether it still starts tasks. Shared by its executions. */
export class RunState {
  /** Tasks that failed after all their attempts, in order of time. */
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

  /** The error that ended the run, other than failed tasks. */
  get fatal(): { readonly error: unknown } | undefined {
    return this.#fatal;
  }

  /** Aborts once the run starts no further tasks. */
  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** True once the run starts no further tasks. */
  get isEnding(): boolean {
    return this.#isStopped || this.#fatal !== undefined || (this.errors.length > 0 && this.#onFailure === 'stop');
  }

  /** Calls back once the run is ending. Returns a function that unsubscribes. */
  onEnding(callback: () => void): () => void {
    this.#endingListeners.add(callback);
    return () => this.#endingListeners.delete(callback);
  }

  /** Records a task that failed after all its attempts. */
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
