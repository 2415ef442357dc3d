import { type Awaitable, isPromiseLike } from '../awaitable';

/** What `start` gives now or later; what it throws goes to `onError`, which throws something better. */
export function rescue<T>(start: () => Awaitable<T>, onError: (cause: unknown) => Awaitable<T>): Awaitable<T> {
  try {
    const result = start();
    return isPromiseLike(result) ? result.then(undefined, onError) : result;
  } catch (cause) {
    return onError(cause);
  }
}
