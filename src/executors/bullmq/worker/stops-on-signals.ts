import type { TidemarkWorker } from './tidemark-worker';

/** Closes a worker by signals: the first lets it finish, the second hands back what is running. */
export function stopsOnSignals(worker: TidemarkWorker, signals: readonly `SIG${string}`[]): void {
  let count = 0;
  const listener = () => void worker.close({ handBack: ++count > 1 });
  for (const signal of signals) process.on(signal as NodeJS.Signals, listener);
  void worker.closed.then(() => {
    for (const signal of signals) process.off(signal as NodeJS.Signals, listener);
  });
}
