import { isPromiseLike } from '../awaitable';
import { explainError } from './describe-error';
import { escapeControls } from './escape-controls';

/** Shows a warning as Node does, on stderr unless the program listens to `warning` events. */
export function emitWarning(message: string): void {
  process.emitWarning(escapeControls(message), { type: 'TidemarkWarning' });
}

/**
 * Shows control characters in warnings, and guards against an `onWarning` that throws or rejects: that is said once as a process warning, and so are the
 * warnings that it failed to take.
 */
export function guardedWarning(onWarning: (message: string) => unknown): (message: string) => void {
  let hasFailed = false;
  const fail = (error: unknown, message: string) => {
    if (!hasFailed) emitWarning(`onWarning failed: ${explainError(error)}`);
    hasFailed = true;
    emitWarning(message);
  };
  return (warning) => {
    // It may hold what a store or Redis holds.
    const message = escapeControls(warning);
    try {
      const done = onWarning(message);
      if (isPromiseLike(done)) Promise.resolve(done).catch((error: unknown) => fail(error, message));
    } catch (error) {
      fail(error, message);
    }
  };
}
