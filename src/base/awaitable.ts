/** A value, or a promise of it. Work stays synchronous where it can: a promise per task would cost more than a small task. */
export type Awaitable<T> = T | PromiseLike<T>;

/** Tells promises, and anything else with a `then` method, from plain values. */
export function isPromiseLike<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** Applies `next`: at once to a plain value, later to a promised one. */
export function andThen<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return isPromiseLike(value) ? value.then(next) : next(value);
}

/** Calls `call` and passes its error, thrown now or later, to `handle`, which returns a replacement or throws. */
export function rescue<T, R = T>(call: () => Awaitable<T>, handle: (error: unknown) => Awaitable<R>): Awaitable<T | R> {
  try {
    const result = call();
    return isPromiseLike(result) ? result.then<T, R>(undefined, handle) : result;
  } catch (error) {
    return handle(error);
  }
}
