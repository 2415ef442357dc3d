import { type Awaitable, isPromiseLike } from '../awaitable';

/** The result of a call; its error, thrown now or later, goes to `handle`, which throws a better one or returns instead. */
export function rescue<T, R = T>(call: () => Awaitable<T>, handle: (error: unknown) => Awaitable<R>): Awaitable<T | R> {
  try {
    const result = call();
    return isPromiseLike(result) ? result.then<T, R>(undefined, handle) : result;
  } catch (error) {
    return handle(error);
  }
}
