import { setMaxListeners } from 'node:events';
import { isPromiseLike } from '../base/awaitable';
import { TidemarkError } from '../base/error';
import { onAbort } from '../base/on-abort';
import { shareClass } from '../base/shared-state';

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
export interface DeferredStart {
  readonly hasBegun: boolean;
  /** Called when it begins, and when it begins anew. */
  onBegin: (() => void) | undefined;
  /** Called when it has to wait again. */
  onWait: (() => void) | undefined;
}

/** How long a call may take, and what else ends it. */
export interface TimeLimit {
  /** In milliseconds. */
  readonly timeout: number;
  /** Aborts the call too. */
  readonly signal: AbortSignal;
  /** What may have to wait before it begins, which takes none of its time. */
  readonly waiting?: DeferredStart | undefined;
  /** Told when the time is over and the call goes on. */
  readonly onAbandoned: (call: Promise<unknown>) => void;
}

/**
 * Calls with a signal that aborts when the time is over, and then fails, whether or not the call heeds the signal.
 * Synchronous work cannot be interrupted, so in process that fails only once it is over.
 */
export function withTimeout(call: (signal: AbortSignal) => unknown, limit: TimeLimit): unknown {
  const { timeout, signal: outer, waiting, onAbandoned } = limit;
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  const unfollow = onAbort(outer, () => controller.abort(outer.reason));
  const start = performance.now();
  const result = callOrUnfollow(() => call(controller.signal), unfollow);
  if (!isPromiseLike(result)) {
    unfollow();
    if (performance.now() - start > timeout) throw new TaskTimeoutError(timeout);
    return result;
  }
  const pending = Promise.resolve(result);
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const expire = () => {
      const error = new TaskTimeoutError(timeout);
      onAbandoned(pending);
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
      unfollow();
      settle();
    };
    pending.then(
      (value) => end(() => resolve(value)),
      (error) => end(() => reject(error)),
    );
  });
}

function callOrUnfollow<T>(call: () => T, unfollow: () => void): T {
  try {
    return call();
  } catch (error) {
    unfollow();
    throw error;
  }
}
