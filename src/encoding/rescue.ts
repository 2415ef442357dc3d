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

/** What an error says, for the end of a message of ours. */
export function messageOf(error: unknown): string {
  return error instanceof Error || (error as { message?: unknown } | null)?.message
    ? String((error as Error).message)
    : String(error);
}
