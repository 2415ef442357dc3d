import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { onAbort } from '../base/on-abort';
import type { NeverSettledError } from '../executors/errors';
import { RunScope } from './async-context';
import { RunFailedError, tasksFailed } from './errors';
import { EventStream } from './events';
import { ExecutionFactory, type RunSource } from './execution-factory';
import { RunComputations } from './join/computations';
import { OpenCall } from './open-calls';
import { checkRunOptions, type RunOptions } from './options';
import { type StartedReport, startReport } from './report';
import { StartedRun, type Stop } from './run-handle';
import { RunState } from './run-state';
import { RunCounters, type RunSummary } from './summary';
import type { TaskDirectories } from './task-directories';

/** A started run, and a promise of its end. */
export interface StartingRun {
  readonly run: StartedRun<unknown>;
  readonly done: Promise<void>;
}

/** The options of a run, and its hooks. */
export interface RunRequest {
  readonly target: unknown;
  readonly options: RunOptions;
}

/** Starts a run. @param open returns the target; the run fails with any error that it throws */
export function startRun(source: RunSource, open: () => RunRequest): StartingRun {
  return new RunLifecycle(source, open).start();
}

/** One run, from its start to its end. */
class RunLifecycle {
  readonly #source: RunSource;
  readonly #open: () => RunRequest;
  readonly #events = new EventStream();
  readonly #counters = new RunCounters();
  readonly #report: StartedReport | undefined;
  readonly #scope: RunScope;
  readonly #call: OpenCall;
  readonly #controller = new AbortController();
  #state: RunState | undefined;
  #isStopped = false;
  /** True when the run had not failed when its owner ended it. */
  #wasWell: boolean | undefined;
  #unfollowSignal = () => {};

  constructor(source: RunSource, open: () => RunRequest) {
    const { report } = source.options;
    this.#source = source;
    this.#open = open;
    this.#report = report && startReport(this.#events);
    this.#scope = new RunScope();
    this.#scope.parent?.beginNestedRun();
    this.#call = new OpenCall();
    setMaxListeners(0, this.#controller.signal);
  }

  start(): StartingRun {
    const events = this.#events;
    const executed = this.#executeToEnd();
    const summary = executed.then(
      () => this.#counters.summary(),
      (error) => {
        if (this.#state) return this.#counters.summary();
        throw error;
      },
    );
    const ended = summary.then(
      (made: RunSummary) => events.isHeard && events.emit({ type: 'run-finished', summary: made }),
      () => {},
    );
    const done = ended.then(() => {
      this.#unfollowSignal();
      events.end();
    });
    // A report writes its last line before the program prints the result.
    const result = this.#report ? settledAfter(executed, this.#report.ended) : executed;
    const run = new StartedRun({ result, summary, events, stop: this.#stop, isExpected: this.#isExpected });
    return { run, done };
  }

  async #executeToEnd(): Promise<unknown> {
    try {
      return await this.#execute();
    } finally {
      this.#call.end();
      await this.#scope.parent?.endNestedRun();
    }
  }

  async #execute(): Promise<unknown> {
    const { target, options } = this.#open();
    checkRunOptions(options);
    const { signal } = options;
    if (signal) this.#unfollowSignal = onAbort(signal, () => this.#end({ cancel: true, reason: signal.reason }));
    const call = this.#call;
    const prepared = await call.unlessStuck(this.#source.preparer.prepare(target, call));
    this.#report?.expect(prepared.graph);
    const state = new RunState(options.onFailure ?? this.#source.options.onFailure ?? 'stop');
    this.#state = state;
    if (this.#isStopped) state.stop();
    call.onNeverSettled = (error) => neverSettled(error, state, this.#counters);
    const runId = randomBytes(8).toString('hex');
    const directories = this.#source.makeDirectories();
    const computations = this.#computations(options);
    try {
      const factory = this.#factory(options, { runId, state, directories, computations });
      const execution = await call.unlessStuck(factory.makeRoot(prepared));
      const hooks = options.force === true ? { ...options, restore: undefined } : options;
      return await call.unlessStuck(execution.run(hooks));
    } finally {
      call.end();
      computations.close();
      await directories.end();
      await this.#source.limits.endRun(runId);
    }
  }

  #computations({ join = this.#source.options.join ?? true }: RunOptions): RunComputations {
    return new RunComputations(this.#source.layers, this.#scope.parent, join);
  }

  #factory(
    options: RunOptions,
    parts: { runId: string; state: RunState; directories: TaskDirectories; computations: RunComputations },
  ): ExecutionFactory {
    return new ExecutionFactory(this.#source, options, {
      ...parts,
      events: this.#events,
      counters: this.#counters,
      signal: this.#controller.signal,
      scope: this.#scope,
      call: this.#call,
    });
  }

  /** Ends the run early. Listeners on a task's signal belong to the run. */
  #end({ cancel, reason }: Parameters<Stop>[0]): void {
    this.#scope.enter(() => {
      this.#isStopped = true;
      if (cancel) this.#controller.abort(reason);
      this.#state?.stop();
    });
  }

  readonly #stop: Stop = (how) => {
    const state = this.#state;
    this.#wasWell ??= !state || (state.errors.length === 0 && !state.fatal);
    this.#end(how);
  };

  readonly #isExpected = (): boolean => {
    const state = this.#state;
    if (this.#wasWell !== true || state === undefined || state.fatal) return false;
    return this.#controller.signal.aborted || state.errors.length === 0;
  };
}

/** The error of a run that waits for something that never ends. */
function neverSettled(error: NeverSettledError, { errors }: RunState, counters: RunCounters): RunFailedError {
  const summary = counters.summary();
  return errors.length > 0 ? tasksFailed(errors, summary) : new RunFailedError(error.message, [], summary, error);
}

/** The same result, delayed until something else has ended. */
async function settledAfter<T>(result: Promise<T>, other: Promise<unknown>): Promise<T> {
  try {
    return await result;
  } finally {
    await other;
  }
}
