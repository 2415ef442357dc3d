import { jsonErrors } from '../base/error';

/** The counts, errors and duration of a run. */
export interface RunSummary {
  /** Tasks that ran and returned a result. */
  readonly ran: number;
  /** Tasks whose saved result was loaded. */
  readonly loaded: number;
  /** Tasks that failed, after all their attempts. */
  readonly failed: number;
  /** Tasks that did not run because of a failure or because the run was stopped. */
  readonly skipped: number;
  /** Results that were saved, and their size in bytes. */
  readonly saved: number;
  readonly savedBytes: number;
  /** The duration of the run, in seconds. */
  readonly seconds: number;
  /** All storage errors, including damaged checkpoints. */
  readonly storageErrors: readonly Error[];
  /** Errors thrown by `restore` and `checkpoint` of tasks or of the run. */
  readonly hookErrors: readonly Error[];
  readonly warnings: readonly string[];
}

/** The counters behind a summary. */
export class RunCounters {
  ran = 0;
  loaded = 0;
  failed = 0;
  skipped = 0;
  saved = 0;
  savedBytes = 0;
  readonly storageErrors: Error[] = [];
  readonly hookErrors: Error[] = [];
  readonly warnings: string[] = [];
  readonly #start = performance.now();

  summary(): RunSummary {
    const { ran, loaded, failed, skipped, saved, savedBytes } = this;
    const seconds = (performance.now() - this.#start) / 1000;
    return Object.freeze({
      ran,
      loaded,
      failed,
      skipped,
      saved,
      savedBytes,
      seconds,
      storageErrors: jsonErrors(this.storageErrors),
      hookErrors: jsonErrors(this.hookErrors),
      warnings: [...this.warnings],
    });
  }
}
