import type { EventStream, RunEvent } from './events';
import type { RunSummary } from './summary';

/** One execution of a graph towards a target. */
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
  readonly #result: Promise<Out>;
  readonly #summary: Promise<RunSummary>;
  readonly #events: EventStream;
  readonly #stop: Stop;

  constructor(result: Promise<Out>, summary: Promise<RunSummary>, events: EventStream, stop: Stop) {
    this.#result = result;
    this.#summary = summary;
    this.#events = events;
    this.#stop = stop;
    summary.catch(() => {});
  }

  get result(): Promise<Out> {
    return this.#result;
  }

  // Who looks at the summary or the events learns there of a failure: then the result may go unlooked at.
  get summary(): Promise<RunSummary> {
    this.#result.catch(() => {});
    return this.#summary;
  }

  get events(): AsyncIterable<RunEvent> {
    this.#result.catch(() => {});
    return this.#events;
  }

  stop(): void {
    this.#stop({ cancel: false });
  }

  cancel(reason?: unknown): void {
    this.#stop({ cancel: true, reason });
  }
}
