import { constants } from 'node:os';
import type { Run } from '../run/run-handle';
import type { RunOutput } from './run-output';

/** The signals that ask a process to end. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type EndSignal = (typeof signals)[number];

/** A closed terminal signals twice, by the shell and by the kernel; within this many milliseconds that is one hang-up. */
const hangUpWindow = 1_000;

/** The exit code of a process that a signal ends: 143 for SIGTERM. */
export function signalExitCode(signal: EndSignal): number {
  return 128 + constants.signals[signal];
}

/** Lets a run finish after a signal. */
export interface SignalHandling {
  /** The signal that came, if any. */
  readonly signal: EndSignal | undefined;
  /** Gives signals back their usual effect. */
  release(): void;
}

/** The first signal, such as Ctrl-C or SIGTERM, stops a run; the second one ends the process. */
export function stopOnSignals(run: Run<unknown>, notices: RunOutput): SignalHandling {
  let first: EndSignal | undefined;
  let firstAt = 0;
  const listener = (signal: EndSignal) => {
    if (first === undefined) {
      first = signal;
      firstAt = Date.now();
      const again = signal === 'SIGINT' ? 'Ctrl-C again' : 'a second signal';
      notices.printMessage(
        `stopping${signal === 'SIGINT' ? '' : ` (${signal})`}: what is running finishes and is saved; ${again} stops at once`,
      );
      return run.stop();
    }
    if (signal === 'SIGHUP' && first === 'SIGHUP' && Date.now() - firstAt < hangUpWindow) return;
    notices.printNow('\nstopped at once; the same command goes on from what is saved');
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
 * Ends this process by signals when it is process 1, as in a container: the kernel does so for every other one. What
 * listens to a signal itself decides instead, as it does there.
 */
export function exitOnSignalsAsInit(): void {
  if (process.pid !== 1) return;
  for (const signal of signals)
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(signalExitCode(signal));
    });
}
