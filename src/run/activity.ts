/** How much a run has under way that will end by itself: when nothing is, and something waits, it waits forever. */
export class Activity {
  /** Called in a later turn when nothing is under way. */
  onIdle: (() => void) | undefined;
  #busy = 0;

  get isIdle(): boolean {
    return this.#busy === 0;
  }

  begin(): void {
    this.#busy++;
  }

  readonly end = (): void => {
    if (--this.#busy === 0 && this.onIdle) this.checkSoon();
  };

  /** Looks again in a later turn, when what is over now has had its consequences. */
  checkSoon(): void {
    setImmediate(() => {
      if (this.isIdle) this.onIdle?.();
    });
  }

  /** Counts a promise while it is pending. */
  during<T>(pending: PromiseLike<T>): PromiseLike<T> {
    this.begin();
    pending.then(this.end, this.end);
    return pending;
  }
}
