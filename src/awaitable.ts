/** A value, or a promise of it. Most work here is synchronous when it can be: a promise for each task would cost more than small tasks do. */
export type Awaitable<T> = T | PromiseLike<T>;

/** Whether this must be awaited. */
export function isPromiseLike<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** Applies `next` now when the value is here, later when it is promised. */
export function andThen<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return isPromiseLike(value) ? value.then(next) : next(value);
}
