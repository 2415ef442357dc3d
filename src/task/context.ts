declare const taskKey: unique symbol;

/** The key of a result in storage: `Name/<hash>`. Branded, so that plain strings are not assignable. */
export type TaskKey = string & { readonly [taskKey]: true };

/** The argument of a task's `run`. */
export interface TaskContext {
  /** The name of the task. */
  readonly task: string;
  /** The key of the result that is being computed. */
  readonly key: TaskKey;
  /** Aborts when the run is cancelled or the attempt exceeds the task's timeout. */
  readonly signal: AbortSignal;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /**
   * Reports the progress of a long task.
   *
   * @param done the amount done, in any unit: out of `total`, or out of 1 without a total
   * @param total the total amount, in the same unit
   * @param note one line of text for users
   */
  progress(done: number, total?: number, note?: string): void;
  progress(fraction: number, note?: string): void;
  /** Logs a message: an event of the run. */
  log(message: string): void;
}
