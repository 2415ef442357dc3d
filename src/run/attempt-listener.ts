import type { JobListener } from '../executors/executor';
import type { Reporter } from './reporter';

/** Tells of an attempt what its executor says, and knows when it began. */
export class AttemptListener implements JobListener {
  /** When the task began to run, as `performance.now()` has it: in workers it waits before that. */
  startedAt = performance.now();
  /** Whether the executor has said so. */
  hasBegun = false;
  /** Called each time it says so: a task whose worker was lost may begin anew. */
  onBegin: (() => void) | undefined;
  readonly #index: number;
  readonly #reporter: Reporter;

  constructor(index: number, reporter: Reporter) {
    this.#index = index;
    this.#reporter = reporter;
  }

  started(): void {
    this.hasBegun = true;
    this.startedAt = performance.now();
    this.onBegin?.();
  }

  assigned(worker: string, pid?: number): void {
    if (!this.hasBegun) this.started();
    const since = performance.timeOrigin + this.startedAt;
    this.#reporter.emit(this.#index, (node) => ({
      type: 'task-assigned',
      node,
      worker,
      since,
      ...(pid !== undefined && { pid }),
    }));
  }

  printed(output: string): void {
    this.#reporter.emit(this.#index, (node) => ({ type: 'task-printed', node, output }));
  }
}
