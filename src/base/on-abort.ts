/** The callbacks of a signal and its single listener. A signal searches all its listeners on each addition and removal. */
interface Callbacks {
  readonly all: Set<() => void>;
  readonly listener: () => void;
}

const bySignal = new WeakMap<AbortSignal, Callbacks>();

/**
 * Calls `callback` once when the signal aborts, or at once if it has aborted. Many callbacks on one signal share a
 * single listener, so they cause no warning about too many listeners.
 *
 * @returns a function that removes the callback
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
