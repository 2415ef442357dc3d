import { TidemarkError } from '../error';

/** A task, or something else that a call waits for, never ended: nothing was left that could have ended it. */
export class NeverSettledError extends TidemarkError {
  /** Another attempt would wait as long. */
  readonly mayRetry = false;
}

/** What happened to a task that fails so. */
export const neverSettles =
  'it never settles: the event loop has nothing left to wait for. Look for a promise that is never resolved, or a callback that is never called';
