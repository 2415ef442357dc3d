import { setMaxListeners } from 'node:events';
import type { Executor, JobListener } from '../executors/executor';
import { withTimeout } from '../executors/timeout';
import { type GraphNode, ownDirectory } from '../graph/node';
import { fillTemplate } from '../graph/structure';
import type { Lease } from '../storage/leases/lease';
import type { TaskContext, TaskKey } from '../task/context';
import type { TaskDefinition } from '../task/definition';
import type { RunningTask } from './async-context';
import type { PendingWork } from './pending-work';
import type { RemoteResults } from './remote-results';
import type { Reporter } from './reporter';
import { copyLiteral } from './result-sharing';
import type { RunContext, RunGraph } from './run-context';
import type { StorageErrorPolicy } from './storage-error-policy';

/** The context of a task, created for each attempt; rarely used properties are computed on access. */
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

/** One attempt at a node: emits the events that its executor reports, and knows its start time. */
export class Attempt implements JobListener {
  readonly index: number;
  /** 1 for the first. */
  readonly number: number;
  /** The lease of the node's key, for tasks that run once everywhere. */
  readonly lease: Lease | undefined;
  /** The time at which the task began to run, from `performance.now()`; with workers, after its wait for one. */
  startedAt = performance.now();
  /** Set when it timed out and goes on: fulfilled once it has released its slots. */
  abandoned: Promise<void> | undefined;
  /** True once the executor reported the start. */
  hasBegun = false;
  /** Called at each reported start: a task whose worker was lost may start again. */
  onBegin: (() => void) | undefined;
  /** Called each time the executor reports that the task waits again. */
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

/** The value that an attempt returned, as others receive it. */
export interface TaskOutput {
  readonly attempt: Attempt;
  readonly value: unknown;
  readonly holdsRefs: boolean;
  readonly seconds: number;
}

/** True when a task that failed at this attempt is retried. */
export function allowsRetry({ options: { retries = 0 } }: TaskDefinition, attempt: number): boolean {
  return attempt < (typeof retries === 'number' ? retries + 1 : retries.attempts);
}

/** The dependencies of an attempt executor. */
interface AttemptExecutionParts {
  readonly run: Pick<RunContext, 'container' | 'directories' | 'limits' | 'signal' | 'state'>;
  readonly graph: RunGraph;
  readonly remote: RemoteResults;
  readonly policy: StorageErrorPolicy;
  readonly work: PendingWork;
}

/** Executes attempts: fills in the requirements of a task, and has its executor run it within its timeout. */
export class AttemptExecution {
  readonly #parts: AttemptExecutionParts;

  constructor(parts: AttemptExecutionParts) {
    this.#parts = parts;
  }

  /** Returns the result of the executor, or a promise of it. */
  execute(attempt: Attempt, task: RunningTask, executor: Executor): unknown {
    const { run, graph, remote } = this.#parts;
    const { node } = task;
    const { lease } = attempt;
    const requirements = this.#requirements(attempt, node, executor);
    const shared = executor.sharesStorage ? remote.sharedFor(node.index) : undefined;
    const execute = (until: AbortSignal) => {
      const context = new AttemptContext(node, attempt.number, until, graph.reporter);
      const { container, state } = run;
      const job = { node, requirements, context, container, shared, listener: attempt, ending: state.ending };
      return executor.isRemote ? executor.execute(job) : task.enter(() => executor.execute(job));
    };
    const signal = lease ? anyOf(run.signal, lease.signal) : run.signal;
    const { timeout } = node.task.options;
    if (timeout === undefined) return execute(signal);
    return withTimeout(execute, {
      timeout,
      signal,
      waiting: executor.tellsStart ? attempt : undefined,
      onAbandoned: (call) => this.#abandon(attempt, task, call),
    });
  }

  #requirements(attempt: Attempt, node: GraphNode, executor: Executor): unknown[] {
    const { run, graph, remote } = this.#parts;
    const resultOf = remote.resultsFor(node);
    const mayRunAgain = attempt.lease !== undefined || allowsRetry(node.task, attempt.number);
    const handover = remote.handoverFor(node, mayRunAgain);
    return node.requirements.map((template) =>
      template === ownDirectory
        ? run.directories.make(node, graph.reporter.keyOf(node.index), this.#goesOnWithout)
        : fillTemplate(template, resultOf, handover, executor.isRemote ? undefined : copyLiteral),
    );
  }

  /** Lets an attempt that goes on after its timeout keep its slots until it is over. */
  #abandon(attempt: Attempt, task: RunningTask, call: Promise<unknown>): void {
    const { run, graph, work } = this.#parts;
    const { abandoned } = run.limits;
    attempt.abandoned = abandoned.add(call, () =>
      graph.reporter.warn(
        attempt.index,
        `${task.node} still runs ${abandoned.grace} ms after its timeout. Its slot is free for others now, so more may run at once than the limits say. Pass context.signal to what it waits for`,
      ),
    );
    void attempt.abandoned.then(() => task.end());
    work.holdSlots(attempt.index, attempt.abandoned);
  }

  /** Decides whether a task whose directory cannot be kept gets a temporary one; its result is then not saved. */
  readonly #goesOnWithout = ({ index }: GraphNode, error: unknown): boolean => {
    void this.#parts.policy.handle(index, error);
    return !this.#parts.run.state.fatal;
  };
}

function anyOf(...signals: AbortSignal[]): AbortSignal {
  const any = AbortSignal.any(signals);
  setMaxListeners(0, any);
  return any;
}
