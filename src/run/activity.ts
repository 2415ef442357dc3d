/** Counts what a run has under way that ends by itself: when nothing is, and something waits, it waits forever. */
export class Activity {
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
    if (--this.#busy === 0 && this.#isWatched) this.#checkSoon();
  };

  /** Something waits from now on. */
  watch(): void {
    this.#isWatched = true;
    this.#checkSoon();
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
  during<T>(pending: PromiseLike<T>): PromiseLike<T> {
    this.begin();
    pending.then(this.end, this.end);
    return pending;
  }

  /** Checks in a later turn, when what is over now has had its consequences. */
  #checkSoon(): void {
    this.#check ??= setImmediate(() => {
      this.#check = undefined;
      if (this.isIdle) this.onIdle?.();
    });
  }
}
