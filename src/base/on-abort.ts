/** The callbacks of a signal, and its one listener. A signal searches all of its listeners for each that is added or removed. */
interface Callbacks {
  readonly all: Set<() => void>;
  readonly listener: () => void;
}

const bySignal = new WeakMap<AbortSignal, Callbacks>();

/**
 * Calls back once when a signal aborts, at once when it has aborted. Many callbacks on one signal cost no more than a
 * listener, and never bring about a warning of too many listeners.
 *
 * @returns removes the callback
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) {
    callback();
    return () => undefined;
  }
  const { all, listener } = bySignal.get(signal) ?? listen(signal);
  all.add(callback);
  return () => {
    if (!all.delete(callback) || all.size > 0) return;
    signal.removeEventListener('abort', listener);
    bySignal.delete(signal);
  };
}

function listen(signal: AbortSignal): Callbacks {
  const all = new Set<() => void>();
  const listener = () => {
    for (const callback of [...all]) callback();
    all.clear();
  };
  const callbacks = { all, listener };
  bySignal.set(signal, callbacks);
  signal.addEventListener('abort', listener, { once: true });
  return callbacks;
}
