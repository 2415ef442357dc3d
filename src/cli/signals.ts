import { constants } from 'node:os';
import type { Run } from '../run/run-handle';
import type { RunOutput } from './run-output';

/** Signals that ask a process to end. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type EndSignal = (typeof signals)[number];

/** A closed terminal sends two signals, from the shell and the kernel. Within this time, in milliseconds, they count as one. */
const hangUpWindow = 1_000;

/** Exit code of a process that a signal ended: 143 for SIGTERM. */
export function signalExitCode(signal: EndSignal): number {
  return 128 + constants.signals[signal];
}

/** Signal handlers of a run. */
export interface SignalHandling {
  /** The first signal, if any came. */
  readonly signal: EndSignal | undefined;
  /** Restores the default effect of signals. */
  release(): void;
}

/** Stops a run at the first signal, such as Ctrl-C or SIGTERM, and ends the process at the second. */
export function stopOnSignals(run: Run<unknown>, output: RunOutput): SignalHandling {
  let first: EndSignal | undefined;
  let firstAt = 0;
  const listener = (signal: EndSignal) => {
    if (first === undefined) {
      first = signal;
      firstAt = Date.now();
      const again = signal === 'SIGINT' ? 'press Ctrl-C again' : 'send a second signal';
      output.printMessage(
        `stopping${signal === 'SIGINT' ? '' : ` (${signal})`}: running tasks finish and are saved; ${again} to stop at once`,
      );
      return run.stop();
    }
    if (signal === 'SIGHUP' && first === 'SIGHUP' && Date.now() - firstAt < hangUpWindow) return;
    output.printNow('\nstopped; run the same command again to continue from the saved results');
    process.exit(signalExitCode(signal));
  };
  for (const signal of signals) process.on(signal, listener);
  return {
    get signal() {
      return first;
    },
    release() {
      for (const signal of signals) process.off(signal, listener);
    },
  };
}

/**
 * Ends process 1 of a container at a signal, as the kernel ends any other process. As there, a listener for the signal takes
 * precedence.
 */
export function exitOnSignalsAsInit(): void {
  if (process.pid !== 1) return;
  for (const signal of signals)
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(signalExitCode(signal));
    });
}
