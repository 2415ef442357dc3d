/** The time as leases see it: it never goes back, and means nothing to other processes. */
export interface Clock {
  /** In milliseconds. */
  now(): number;
  /**
   * Calls back after some milliseconds. Gives what calls it off.
   *
   * @param keepsAlive whether the process must not end before
   */
  after(milliseconds: number, call: () => void, keepsAlive: boolean): () => void;
}

/** The clock of this process. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, call, keepsAlive) {
    const timer = setTimeout(call, milliseconds);
    if (!keepsAlive) timer.unref();
    return () => clearTimeout(timer);
  },
};
