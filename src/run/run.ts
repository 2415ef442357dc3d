import type { EventStream, RunEvent } from './events';
import { Observation } from './observation';
import type { RunSummary } from './summary';

/**
 * One execution of a graph towards a target.
 *
 * A failure is an unhandled rejection of `result`, as that of any promise, unless `result` or `summary` is awaited, or
 * `events` are read up to `run-finished`. A run that its owner stops or cancels has not failed by that.
 */
export interface Run<Out> {
  /** What was asked for; rejects with a RunFailedError, or a DeclarationError when nothing could be run. */
  readonly result: Promise<Out>;
  /** What happens, from when iterating begins; begin in the same turn as `start` to miss nothing. */
  readonly events: AsyncIterable<RunEvent>;
  /** What the run did; never rejects once tasks began to run. */
  readonly summary: Promise<RunSummary>;
  /** Starts nothing new; what is running finishes and is saved. */
  stop(): void;
  /** The same, and aborts `context.signal` for what is running. */
  cancel(reason?: unknown): void;
}

/** Ends a run early. */
export type Stop = (how: { readonly cancel: boolean; readonly reason?: unknown }) => void;

/** A run under way. */
export class StartedRun<Out> implements Run<Out> {
  readonly result: Promise<Out>;
  readonly summary: Promise<RunSummary>;
  readonly events: AsyncIterable<RunEvent>;
  readonly #stop: Stop;

  constructor({ result, summary, events, stop, isExpected }: StartedRunParts<Out>) {
    const observation = new Observation(result, isExpected);
    this.result = observation.result;
    this.summary = observation.summary(summary);
    this.events = observation.events(events);
    this.#stop = stop;
  }

  stop(): void {
    this.#stop({ cancel: false });
  }

  cancel(reason?: unknown): void {
    this.#stop({ cancel: true, reason });
  }
}

/** What a run under way is made of. */
export interface StartedRunParts<Out> {
  readonly result: Promise<Out>;
  readonly summary: Promise<RunSummary>;
  readonly events: EventStream;
  readonly stop: Stop;
  /** Whether an error is only what `stop` was called for. */
  readonly isExpected: (error: unknown) => boolean;
}
