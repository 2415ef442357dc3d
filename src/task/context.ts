declare const taskKey: unique symbol;

/** What identifies a result in storage: `Name/<hash>`. Branded, so that any string cannot pass for one. */
export type TaskKey = string & { readonly [taskKey]: true };

/** What a task is given when it runs. */
export interface TaskContext {
  /** The name of the task. */
  readonly task: string;
  /** The key of the result that is being computed. */
  readonly key: TaskKey;
  /** Aborts when the run is cancelled, or the attempt takes longer than the task's timeout. */
  readonly signal: AbortSignal;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /**
   * Tells how far a long task is.
   *
   * @param done how much is done, in any unit: a fraction of `total`, or of 1 when there is no total
   * @param total how much there is to do, in the same unit
   * @param note one line for people
   */
  progress(done: number, total?: number, note?: string): void;
  progress(fraction: number, note?: string): void;
  /** Tells people something; it is an event of the run. */
  log(message: string): void;
}
