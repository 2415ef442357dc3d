import { isPromiseLike } from './awaitable';
import { explainError } from './describe-error';
import { escapeControls } from './show';

/** Emits a process warning: on stderr, unless the program listens to `warning` events. */
export function emitWarning(message: string): void {
  process.emitWarning(escapeControls(message), { type: 'TidemarkWarning' });
}

/**
 * Wraps `onWarning`: escapes control characters, and guards against an `onWarning` that throws or rejects. The first
 * failure becomes a process warning, and so does each warning that it failed to handle.
 */
export function guardedWarning(onWarning: (message: string) => unknown): (message: string) => void {
  let hasFailed = false;
  const fail = (error: unknown, message: string) => {
    if (!hasFailed) emitWarning(`onWarning failed: ${explainError(error)}`);
    hasFailed = true;
    emitWarning(message);
  };
  return (warning) => {
    // The text may come from a store or from Redis.
    const message = escapeControls(warning);
    try {
      const done = onWarning(message);
      if (isPromiseLike(done)) Promise.resolve(done).catch((error: unknown) => fail(error, message));
    } catch (error) {
      fail(error, message);
    }
  };
}
