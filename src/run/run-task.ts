import { type Awaitable, isPromiseLike } from '../base/awaitable';
import { isInstance } from '../base/describe-error';
import { TidemarkError } from '../base/error';
import { NotStartedError } from '../executors/errors';
import type { GraphNode } from '../graph/node';
import { type Lease, LeaseLostError } from '../storage/leases/lease';
import type { TaskDefinition } from '../task/definition';
import { RunningTask, type TaskOrigin } from './async-context';
import { Attempt, type AttemptExecution, allowsRetry } from './attempt';
import type { Joins } from './join/joins';
import type { NodeFailures } from './node-failures';
import type { NodeStates } from './node-states';
import type { AwaitedCall } from './open-calls';
import type { PendingWork } from './pending-work';
import type { Queue } from './queues';
import type { RunContext, RunGraph } from './run-context';
import type { ResultPipeline } from './settle-result';

/** The options of a retry after a delay. */
interface RetryOptions {
  /** Called instead of the retry when the run ends first. */
  readonly giveUp: () => void;
  /** The end of a timed-out attempt that goes on: the retry waits for it. */
  readonly abandoned: Promise<void> | undefined;
}

/** Retries of failed tasks, after a delay during which they hold no slot. */
export class Retries {
  readonly #states: NodeStates;
  readonly #work: PendingWork;
  readonly #waiting = new Set<() => void>();

  constructor(states: NodeStates, work: PendingWork) {
    this.#states = states;
    this.#work = work;
  }

  /** Counts an attempt: 1 for the first. */
  begin({ index, task }: GraphNode): number {
    return task.options.retries === undefined ? 1 : this.#states.facts.beginAttempt(index);
  }

  /** Makes a node ready again immediately, without counting the attempt. */
  again({ index }: GraphNode): void {
    this.#states.facts.undoAttempt(index);
    this.#states.retry(index);
    this.#work.wake();
  }

  /** Makes a node ready again after its delay. */
  later({ index, task }: GraphNode, attempt: number, { giveUp, abandoned }: RetryOptions): void {
    const wait = new Promise<void>((resolve) => {
      const stop = () => {
        clearTimeout(timer);
        this.#waiting.delete(stop);
        giveUp();
        resolve();
      };
      const retry = () => {
        if (!this.#waiting.delete(stop)) return;
        this.#states.retry(index);
        resolve();
      };
      const timer = setTimeout(() => (abandoned ? void abandoned.then(retry) : retry()), delayAfter(attempt, task));
      this.#waiting.add(stop);
    });
    this.#work.track(wait);
  }

  /** Fails the tasks that wait for a retry, since the run ends. */
  giveUp(): void {
    for (const stop of [...this.#waiting]) stop();
  }
}

/** The delay after an attempt in milliseconds, with 50 % jitter, so that tasks that failed together are spread out. */
function delayAfter(attempt: number, { options: { retries } }: TaskDefinition): number {
  if (retries === undefined || typeof retries === 'number') return 0;
  const { delay = 0, factor = 2, maxDelay = 60_000 } = retries;
  // Rounded up, since timers drop fractions and would fire too early.
  return Math.ceil(Math.min(delay * factor ** (attempt - 1), maxDelay) * (0.5 + Math.random() / 2));
}

/** The dependencies of a task runner. */
interface TaskRunnerParts {
  readonly run: Pick<RunContext, 'call' | 'computations' | 'limits' | 'queueOf' | 'signal' | 'state'>;
  readonly graph: RunGraph;
  readonly joins: Joins;
  readonly execution: AttemptExecution;
  readonly pipeline: ResultPipeline;
  readonly retries: Retries;
  readonly failures: NodeFailures;
  readonly work: PendingWork;
}

/** Runs nodes: makes an attempt, passes its result on, and retries when it fails. */
export class TaskRunner {
  readonly #parts: TaskRunnerParts;
  readonly #origin: TaskOrigin;

  constructor(parts: TaskRunnerParts) {
    this.#parts = parts;
    const { limits: runner, call: run, computations } = parts.run;
    this.#origin = { runner, run, link: computations.link };
  }

  /** @param lease the lease of the node's key; released when the attempt is over */
  run(index: number, lease?: Lease): Awaitable<void> {
    const { run, graph, retries, joins, execution } = this.#parts;
    const { reporter, fingerprints } = graph;
    const node = graph.graph.nodes[index]!;
    const queue = run.queueOf(node);
    const attempt = new Attempt(index, retries.begin(node), reporter, lease);
    this.#emitStarted(attempt, node, queue);
    const task = new RunningTask(node, queue, this.#origin);
    task.leasedKey = lease && reporter.keyOf(index);
    task.computation = joins.computationOf(index);
    try {
      if (fingerprints.failed.has(index)) throw fingerprints.failed.get(index);
      const result = execution.execute(attempt, task, queue.executor);
      if (isPromiseLike(result)) return this.#acceptLater(attempt, task, result);
      task.end();
      return this.#accept(attempt, result);
    } catch (error) {
      task.end();
      return this.#fail(attempt, error);
    }
  }

  #emitStarted({ index, number }: Attempt, { task }: GraphNode, { executor }: Queue): void {
    const { reporter } = this.#parts.graph;
    reporter.emit(index, (info) => ({
      type: 'task-started',
      node: info,
      attempt: number,
      queue: task.queue,
      executor: executor.name,
      // Computed on first access, like the node's own key.
      get requires() {
        return reporter.requiredBy(index);
      },
    }));
  }

  #acceptLater(attempt: Attempt, task: RunningTask, result: PromiseLike<unknown>): Promise<void> {
    const { run, failures } = this.#parts;
    const { index, number } = attempt;
    let isGivenUp = false;
    const waiting: AwaitedCall = {
      describe: () => String(task.node),
      fail: (error) => {
        isGivenUp = true;
        failures.giveUp(index, failures.errorOf(index, number, error));
      },
    };
    run.call.add(waiting);
    const settle = (act: () => void) => {
      run.call.delete(waiting);
      if (!attempt.abandoned) task.end();
      if (!isGivenUp) act();
    };
    // A thenable may return nothing from then(), or call back twice.
    return Promise.resolve(result).then(
      (value) => settle(() => this.#accept(attempt, value)),
      (error) => settle(() => this.#fail(attempt, error)),
    );
  }

  /** Fails the task when its result throws during inspection, as a proxy may. */
  #accept(attempt: Attempt, value: unknown): void {
    const { pipeline, work } = this.#parts;
    try {
      const pending = pipeline.accept(attempt, value);
      if (isPromiseLike(pending)) work.track(pending.then(undefined, (error) => this.#fail(attempt, error)));
    } catch (error) {
      this.#fail(attempt, error);
    }
  }

  #fail(attempt: Attempt, cause: unknown): void {
    const { run, graph, retries, joins, failures } = this.#parts;
    const { index, number, lease } = attempt;
    const node = graph.graph.nodes[index]!;
    failures.discardDirectory(node);
    void lease?.release();
    if (isInstance(cause, NotStartedError)) {
      retries.again(node);
      return;
    }
    const error = failures.errorOf(index, number, cause);
    // Another process computes the key: this one waits for it.
    const isLost = lease !== undefined && (lease.signal.aborted || isInstance(cause, LeaseLostError));
    const mayTry = (isLost && !run.signal.aborted) || this.#mayRetry(node, number, cause);
    if (!mayTry || run.state.isEnding) {
      failures.giveUp(index, error, mayTry || run.signal.aborted);
      return;
    }
    joins.pause(index);
    graph.reporter.emit(index, (info) => ({ type: 'task-failed', node: info, error, willRetry: true }));
    if (isLost) retries.again(node);
    else {
      const giveUp = () => failures.giveUp(index, error, true);
      retries.later(node, number, { giveUp, abandoned: attempt.abandoned });
    }
  }

  #mayRetry({ index, task }: GraphNode, attempt: number, cause: unknown): boolean {
    const { fingerprints } = this.#parts.graph;
    return !fingerprints.failed.has(index) && allowsRetry(task, attempt) && !isHopeless(cause);
  }
}

/** Recognises errors that another attempt cannot avoid, for example when no worker has the task. */
function isHopeless(cause: unknown): boolean {
  return isInstance(cause, TidemarkError) && (cause as { mayRetry?: boolean }).mayRetry === false;
}
