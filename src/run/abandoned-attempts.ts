import { type LastTimer, setLastTimer } from './open-calls';

/** Attempts that timed out and go on all the same. Each keeps its slots until it ends, or until its grace period is over. */
export class AbandonedAttempts {
  /** How long an attempt keeps its slots after its timeout, in milliseconds. */
  readonly grace: number;
  readonly #open = new Map<Promise<void>, LastTimer>();

  constructor(grace: number) {
    this.grace = grace;
  }

  /**
   * Waits for an attempt that timed out.
   *
   * @param onOverdue called when the grace period is over and the attempt is not
   * @returns fulfilled when its slots are free; never rejects
   */
  add(attempt: Promise<unknown>, onOverdue: () => void): Promise<void> {
    let timer: LastTimer | undefined;
    const overdue = new Promise<void>((resolve) => {
      timer = setLastTimer(() => {
        onOverdue();
        resolve();
      }, this.grace);
    });
    const over: Promise<void> = Promise.race([attempt.then(ignore, ignore), overdue]).then(() => {
      timer?.clear();
      this.#open.delete(over);
    });
    this.#open.set(over, timer!);
    return over;
  }

  /** Waits until none is left. */
  async ended(): Promise<void> {
    for (const timer of this.#open.values()) timer.ref();
    await Promise.all(this.#open.keys());
  }
}

function ignore(): void {}
