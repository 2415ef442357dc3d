import { sharedState } from '../base/shared-state';
import { NeverSettledError, neverSettlesMessage } from '../executors/errors';
import { RunningTask } from './async-context';

/** User code that a call waits for and that may never settle: a task, a hook, a fingerprint. */
export interface AwaitedCall {
  /** Its name in messages. */
  describe(): string;
  /** Fails it, and its call with it. */
  fail?(error: NeverSettledError): void;
}

const shared = sharedState('openCalls', () => ({
  open: new Set<OpenCall>(),
  /** Timers that end a wait but do not keep the process alive. */
  lastTimers: new Set<NodeJS.Timeout>(),
  isWatching: false,
}));
const { open, lastTimers } = shared;

/** A call of a runner. A call that is open when the event loop drains would never end, so it fails. */
export class OpenCall {
  /** The task that made the call. */
  readonly task = RunningTask.current;
  readonly #waiting = new Set<AwaitedCall>();
  readonly #never: Promise<never>;
  #fail!: (error: unknown) => void;
  /** Creates the error of the call when user code never settles. */
  onNeverSettled: ((error: NeverSettledError) => unknown) | undefined;

  constructor() {
    this.#never = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#never.catch(() => {});
    open.add(this);
    if (!shared.isWatching) process.on('beforeExit', failOpenCalls);
    shared.isWatching = true;
  }

  /** Runs a function as a call. */
  static async during<T>(run: (call: OpenCall) => Promise<T>): Promise<T> {
    const call = new OpenCall();
    try {
      return await call.unlessStuck(run(call));
    } finally {
      call.end();
    }
  }

  /** Wraps a promise: rejects when nothing is left that could settle it. */
  unlessStuck<T>(pending: Promise<T>): Promise<T> {
    return Promise.race([pending, this.#never]);
  }

  add(waiting: AwaitedCall): void {
    this.#waiting.add(waiting);
  }

  delete(waiting: AwaitedCall): void {
    this.#waiting.delete(waiting);
  }

  /** Waits for a promise of a user's function. */
  async waitFor<T>(describe: () => string, pending: PromiseLike<T>): Promise<T> {
    const waiting = { describe };
    this.#waiting.add(waiting);
    try {
      return await pending;
    } finally {
      this.#waiting.delete(waiting);
    }
  }

  end(): void {
    open.delete(this);
  }

  /** Fails open calls when the event loop has drained. */
  fail(): void {
    this.end();
    const waiting = [...this.#waiting];
    for (const one of waiting) one.fail?.(new NeverSettledError(neverSettlesMessage));
    const names = waiting.filter((one) => !one.fail).map((one) => one.describe());
    const error = new NeverSettledError(
      names.length > 0
        ? `${names.join(', ')} never settles: the event loop has nothing left to wait for`
        : 'the event loop has nothing left to wait for, but this is not over. It waits for room in a queue, for another run or for a storage that never answers',
    );
    this.#fail(this.onNeverSettled?.(error) ?? error);
  }
}

/** A timer that ends a wait. */
export interface LastTimer {
  /** Keeps the process alive until it fires. */
  ref(): void;
  clear(): void;
}

/** Sets a timer that keeps the process alive only when open calls wait and the event loop has drained. */
export function setLastTimer(callback: () => void, milliseconds: number): LastTimer {
  const timer = setTimeout(() => {
    lastTimers.delete(timer);
    callback();
  }, milliseconds).unref();
  lastTimers.add(timer);
  return {
    ref: () => void timer.ref(),
    clear: () => {
      lastTimers.delete(timer);
      clearTimeout(timer);
    },
  };
}

function failOpenCalls(): void {
  if (open.size === 0) return;
  if (lastTimers.size > 0) {
    for (const timer of lastTimers) timer.ref();
    return;
  }
  // Calls of tasks fail first: the others may continue without them.
  const outer = new Set(Array.from(open, ({ task }) => task?.origin.run));
  for (const call of [...open]) if (!outer.has(call)) call.fail();
}
