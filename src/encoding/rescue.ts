import { type Awaitable, isPromiseLike } from '../awaitable';

/** Calls `call` and passes its error, thrown now or later, to `handle`, which returns a replacement or throws. */
export function rescue<T, R = T>(call: () => Awaitable<T>, handle: (error: unknown) => Awaitable<R>): Awaitable<T | R> {
  try {
    const result = call();
    return isPromiseLike(result) ? result.then<T, R>(undefined, handle) : result;
  } catch (error) {
    return handle(error);
  }
}
