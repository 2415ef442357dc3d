import type { EventStream, RunEvent } from './events';
import type { RunSummary } from './summary';

/**
 * Tracks whether the end of a run is observed: by awaiting the result or the summary, or by reading the events up to
 * `run-finished`. An unobserved failure is an unhandled rejection, as for any promise.
 */
class Observation<Out> {
  readonly result: Promise<Out>;
  #isObserved = false;
  /** Readers of events that may still see `run-finished`. */
  #readers = 0;
  /** A failure that readers of events may still observe. */
  #failure: { readonly error: unknown } | undefined;
  #unhandled: Promise<never> | undefined;
  readonly #result: ObservedPromise<Out>;

  /** @param isExpected recognises errors that the owner of the run caused by stopping it */
  constructor(result: Promise<Out>, isExpected: (error: unknown) => boolean) {
    const fail = (error: unknown, reject: (error: unknown) => void) => {
      if (isExpected(error)) this.#observe();
      if (this.#readers > 0) this.#result.silence();
      this.#failure = { error };
      reject(error);
    };
    this.result = this.#result = new ObservedPromise<Out>(
      (resolve, reject) => void result.then(resolve, (error) => fail(error, reject)),
      () => this.#observe(),
    );
  }

  /** The summary. When it rejects, so does the result, and only the result reports that. */
  summary<T>(summary: Promise<T>): Promise<T> {
    const observed = new ObservedPromise<T>(
      (resolve, reject) => void summary.then(resolve, reject),
      () => this.#observe(),
    );
    observed.silence();
    return observed;
  }

  /** The events of the run. */
  events(stream: EventStream): AsyncIterable<RunEvent> {
    // `batches` is for readers within this package.
    return {
      [Symbol.asyncIterator]: () => this.#read(oneByOne(stream.batches()), (event) => event),
      batches: () => this.#read(stream.batches(), (events) => events.at(-1)),
    } as AsyncIterable<RunEvent>;
  }

  async *#read<T>(all: AsyncIterable<T>, lastOf: (read: T) => RunEvent | undefined): AsyncGenerator<T> {
    this.#readers++;
    try {
      for await (const read of all) {
        if (lastOf(read)?.type === 'run-finished') this.#observe();
        yield read;
      }
    } finally {
      this.#readers--;
      this.#reportUnobserved();
    }
  }

  #observe(): void {
    if (this.#isObserved) return;
    this.#isObserved = true;
    this.#result.silence();
    this.#unhandled?.catch(ignore);
  }

  /** Reports a failure that the last reader did not wait for. */
  #reportUnobserved(): void {
    if (this.#failure && !this.#isObserved && this.#readers === 0)
      this.#unhandled ??= Promise.reject(this.#failure.error);
  }
}

async function* oneByOne(batches: AsyncIterable<readonly RunEvent[]>): AsyncGenerator<RunEvent> {
  for await (const events of batches) yield* events;
}

/** A promise that calls back when it is awaited, or when its `then`, `catch` or `finally` is called. */
class ObservedPromise<T> extends Promise<T> {
  readonly #onObserved: () => void;

  constructor(executor: ConstructorParameters<typeof Promise<T>>[0], onObserved: () => void) {
    super(executor);
    this.#onObserved = onObserved;
  }

  /** Derived promises are ordinary ones. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  // biome-ignore lint/suspicious/noThenProperty: a promise has one
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: any) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#onObserved();
    return super.then(onFulfilled, onRejected);
  }

  /** Its rejection is reported elsewhere, or already observed. */
  silence(): void {
    super.then(undefined, ignore);
  }
}

function ignore(): void {}

/**
 * One execution of a graph towards a target.
 *
 * A failure is an unhandled rejection of `result`, as for any promise, unless `result` or `summary` is awaited or
 * `events` are read up to `run-finished`. A run that its owner stops or cancels has not failed.
 */
export interface Run<Out> {
  /** The result; rejects with a RunFailedError, or with a DeclarationError when nothing could run. */
  readonly result: Promise<Out>;
  /** The events from the start of iteration on; iterate in the same turn as `start` to get all of them. */
  readonly events: AsyncIterable<RunEvent>;
  /** The counts and durations of the run; never rejects once tasks began to run. */
  readonly summary: Promise<RunSummary>;
  /** Starts no further tasks; running ones finish and are saved. */
  stop(): void;
  /** Starts no further tasks and aborts the `context.signal` of running ones. */
  cancel(reason?: unknown): void;
}

/** Ends a run early. */
export type Stop = (how: { readonly cancel: boolean; readonly reason?: unknown }) => void;

/** An active run. */
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

/** The parts of an active run. */
interface StartedRunParts<Out> {
  readonly result: Promise<Out>;
  readonly summary: Promise<RunSummary>;
  readonly events: EventStream;
  readonly stop: Stop;
  /** Recognises errors that `stop` caused. */
  readonly isExpected: (error: unknown) => boolean;
}
