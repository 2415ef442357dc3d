import { AsyncResource } from 'node:async_hooks';
import { RunningTask } from './running-task';

/** The async context in which a run was started: all code of tasks and hooks is called in it, whatever wakes the run. */
export class RunScope {
  /** The task that started the run. */
  readonly parent = RunningTask.current;
  readonly #resource = new AsyncResource('TidemarkRun');

  /** Calls a function in the context. What it changes there, by `enterWith`, ends with the call and what it started. */
  enter<T>(call: () => T): T {
    // Before Node 24, `enterWith` changes the resource itself, so each call has one of its own.
    return this.#resource.runInAsyncScope(newResource).runInAsyncScope(call);
  }
}

function newResource(): AsyncResource {
  return new AsyncResource('TidemarkCall');
}
