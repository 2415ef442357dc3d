import type { JobListener } from '../executors/executor';
import type { Lease } from '../storage/lease/lease';
import type { Reporter } from './reporter';

/** One attempt at a node: tells of it what its executor says, and knows when it began. */
export class Attempt implements JobListener {
  readonly index: number;
  /** 1 for the first. */
  readonly number: number;
  /** The right to compute the node's key, where only one process has it. */
  readonly lease: Lease | undefined;
  /** When the task began to run, as `performance.now()` has it: in workers it waits before that. */
  startedAt = performance.now();
  /** It timed out and goes on: fulfilled once it does not hold its slots any more. */
  abandoned: Promise<void> | undefined;
  /** Whether the executor has said so. */
  hasBegun = false;
  /** Called each time it says so: a task whose worker was lost may begin anew. */
  onBegin: (() => void) | undefined;
  /** Called each time it says that the task waits again. */
  onWait: (() => void) | undefined;
  readonly #reporter: Reporter;

  constructor(index: number, number: number, reporter: Reporter, lease?: Lease) {
    this.index = index;
    this.number = number;
    this.#reporter = reporter;
    this.lease = lease;
  }

  started(): void {
    this.hasBegun = true;
    this.startedAt = performance.now();
    this.onBegin?.();
  }

  waits(): void {
    this.hasBegun = false;
    this.onWait?.();
  }

  assigned(worker: string, pid?: number): void {
    if (!this.hasBegun) this.started();
    const since = performance.timeOrigin + this.startedAt;
    this.#reporter.emit(this.index, (node) => ({
      type: 'task-assigned',
      node,
      worker,
      since,
      ...(pid !== undefined && { pid }),
    }));
  }

  printed(output: string): void {
    this.#reporter.emit(this.index, (node) => ({ type: 'task-printed', node, output }));
  }
}
