import { isPromiseLike } from '../awaitable';
import { TidemarkError } from '../error';

/** An attempt at a task took longer than the task's `timeout`. */
export class TaskTimeoutError extends TidemarkError {
  /** In milliseconds. */
  readonly timeout: number;

  constructor(timeout: number) {
    super(`it took longer than its timeout of ${timeout} ms`);
    this.timeout = timeout;
  }
}

/**
 * Calls with a signal that aborts when the time is over, and then fails, whether or not the call heeds it: its slot
 * is free for others. Synchronous work cannot be interrupted, so in process that fails only once it is over.
 *
 * @param timeout in milliseconds
 */
export function withTimeout(timeout: number, outer: AbortSignal, call: (signal: AbortSignal) => unknown): unknown {
  const controller = new AbortController();
  const follow = () => controller.abort(outer.reason);
  if (outer.aborted) follow();
  const start = performance.now();
  const result = call(controller.signal);
  if (!isPromiseLike(result)) {
    if (performance.now() - start > timeout) throw new TaskTimeoutError(timeout);
    return result;
  }
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = new TaskTimeoutError(timeout);
      controller.abort(error);
      end(() => reject(error));
    }, timeout);
    const end = (settle: () => void) => {
      clearTimeout(timer);
      outer.removeEventListener('abort', follow);
      settle();
    };
    outer.addEventListener('abort', follow, { once: true });
    Promise.resolve(result).then(
      (value) => end(() => resolve(value)),
      (error) => end(() => reject(error)),
    );
  });
}
