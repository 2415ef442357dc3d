import type { JobListener } from '../executors/executor';
import type { GraphNode } from '../graph/node';
import type { Lease } from '../storage/leases/lease';
import type { TaskContext, TaskKey } from '../task/context';
import type { Reporter } from './reporter';

/** What a task sees of its run; made for each attempt, so what is seldom asked for is worked out when it is. */
export class AttemptContext implements TaskContext {
  readonly attempt: number;
  readonly signal: AbortSignal;
  readonly #node: GraphNode;
  readonly #reporter: Reporter;

  constructor(node: GraphNode, attempt: number, signal: AbortSignal, reporter: Reporter) {
    this.#node = node;
    this.attempt = attempt;
    this.signal = signal;
    this.#reporter = reporter;
  }

  get task(): string {
    return this.#node.task.name;
  }

  get key(): TaskKey {
    return this.#reporter.keyOf(this.#node.index)!;
  }

  progress(done: number, totalOrNote?: number | string, laterNote?: string): void {
    const [total, note] = typeof totalOrNote === 'string' ? [undefined, totalOrNote] : [totalOrNote, laterNote];
    this.#reporter.emit(this.#node.index, (node) => ({
      type: 'task-progressed',
      node,
      done,
      ...(total !== undefined && { total }),
      ...(note !== undefined && { note }),
    }));
  }

  log(message: string): void {
    this.#reporter.emit(this.#node.index, (node) => ({ type: 'task-logged', node, message }));
  }
}

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
