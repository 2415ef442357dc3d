import { isPromiseLike } from '../awaitable';
import { shareClass } from '../base/shared-state';
import { TidemarkError } from '../error';

/** An attempt at a task took longer than the task's `timeout`. */
export class TaskTimeoutError extends TidemarkError {
  static {
    shareClass(TaskTimeoutError, 'TaskTimeoutError');
  }

  /** In milliseconds. */
  readonly timeout: number;

  constructor(timeout: number) {
    super(`it took longer than its timeout of ${timeout} ms`);
    this.timeout = timeout;
  }
}

/** What may have to wait before it begins. */
export interface Waiting {
  readonly hasBegun: boolean;
  /** Called when it begins, and when it begins anew. */
  onBegin: (() => void) | undefined;
  /** Called when it has to wait again. */
  onWait: (() => void) | undefined;
}

/**
 * Calls with a signal that aborts when the time is over, and then fails, whether or not the call heeds it: its slot
 * is free for others. Synchronous work cannot be interrupted, so in process that fails only once it is over.
 *
 * @param timeout in milliseconds
 * @param waiting of what may have to wait before it begins, which takes none of its time
 */
export function withTimeout(
  timeout: number,
  outer: AbortSignal,
  call: (signal: AbortSignal) => unknown,
  waiting?: Waiting,
): unknown {
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
    let timer: NodeJS.Timeout | undefined;
    const expire = () => {
      const error = new TaskTimeoutError(timeout);
      controller.abort(error);
      end(() => reject(error));
    };
    const begin = () => {
      clearTimeout(timer);
      timer = setTimeout(expire, timeout);
    };
    if (waiting) {
      waiting.onBegin = begin;
      waiting.onWait = () => clearTimeout(timer);
    }
    if (!waiting || waiting.hasBegun) begin();
    const end = (settle: () => void) => {
      clearTimeout(timer);
      if (waiting) waiting.onBegin = waiting.onWait = undefined;
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
