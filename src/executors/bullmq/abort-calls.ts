import { setMaxListeners } from 'node:events';

/**
 * What is to be called when a signal aborts, by signal. All jobs of a run have the same one, and a signal looks through
 * all of its listeners for each that is added or removed.
 */
const calls = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls back when a signal aborts, at once when it has. Gives what ends that. */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  if (signal.aborted) {
    call();
    return () => undefined;
  }
  let all = calls.get(signal);
  if (!all) {
    const listed = new Set<() => void>();
    all = listed;
    calls.set(signal, listed);
    setMaxListeners(0, signal);
    signal.addEventListener('abort', () => callAll(listed), { once: true });
  }
  all.add(call);
  return () => all.delete(call);
}

function callAll(all: Set<() => void>): void {
  for (const call of [...all]) call();
  all.clear();
}
