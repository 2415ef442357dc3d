import { setMaxListeners } from 'node:events';
import { type Awaitable, isPromiseLike } from '../awaitable';
import { isInstance } from '../base/describe-error';
import { TidemarkError } from '../error';
import type { Executor } from '../executors/executor';
import { NotStartedError } from '../executors/not-started-error';
import { pathTo } from '../graph/graph';
import { type GraphNode, ownDirectory } from '../graph/node';
import { fill } from '../graph/structure';
import type { Lease } from '../storage/lease/lease';
import { LeaseLostError } from '../storage/lease/lease-lost-error';
import type { TaskKey } from '../task/context';
import { Attempt } from './attempt';
import { AttemptContext } from './attempt-context';
import type { ExecutionParts } from './execution-parts';
import { TaskFailedError } from './failure';
import type { Waiting } from './open-calls';
import type { Reporter } from './reporter';
import { copyLiteral } from './result-sharing';
import type { Results } from './results';
import type { Retries } from './retries';
import { RunningTask, type TaskOrigin } from './running-task';
import type { StoredResults } from './stored-results';
import { withTimeout } from './timeout';

/** What running needs besides what all share. */
export interface AttemptsParts extends ExecutionParts {
  readonly retries: Retries;
  readonly storedResults: StoredResults;
  readonly results: Results;
}

/** Runs nodes: fills in what they require, has an executor run them, and tries again when that fails. */
export class Attempts {
  readonly #parts: AttemptsParts;
  readonly #origin: TaskOrigin;

  constructor(parts: AttemptsParts) {
    this.#parts = parts;
    const { capacity: runner, call: run, computations } = parts;
    this.#origin = { runner, run, link: computations.link };
  }

  /** @param lease the right to compute the node's key; let go of when the attempt is over */
  run(index: number, lease?: Lease): Awaitable<void> {
    const { graph, fingerprints, reporter, laneOf, retries, results, joins } = this.#parts;
    const node = graph.nodes[index]!;
    const lane = laneOf(node);
    const attempt = new Attempt(index, retries.begin(node), reporter, lease);
    reporter.emit(index, (info) => ({
      type: 'task-started',
      node: info,
      attempt: attempt.number,
      queue: node.task.queue,
      executor: lane.executor.name,
      // Made when a listener asks for them, as the node's own key is.
      get requires() {
        return reporter.requiredBy(index);
      },
    }));
    const task = new RunningTask(node, lane, this.#origin);
    task.leasedKey = lease && reporter.keyOf(index);
    task.computation = joins.computationOf(index);
    try {
      if (fingerprints.failed.has(index)) throw fingerprints.failed.get(index);
      const result = this.#execute(attempt, task, lane.executor);
      if (isPromiseLike(result)) return this.#settle(attempt, task, result);
      task.end();
      return results.take(attempt, result);
    } catch (error) {
      task.end();
      return this.fail(attempt, error);
    }
  }

  /** A result that throws when it is looked at, as proxies can, has failed its task. */
  #accept(attempt: Attempt, value: unknown): void {
    try {
      this.#parts.results.take(attempt, value);
    } catch (error) {
      this.fail(attempt, error);
    }
  }

  /** Has the executor run the task, within its timeout. */
  #execute(attempt: Attempt, task: RunningTask, executor: Executor): unknown {
    const { container, reporter, directories, storedResults, retries, state } = this.#parts;
    const { node } = task;
    const { index, lease } = attempt;
    const resultOf = storedResults.resultsFor(node);
    const handover = storedResults.handoverFor(node, lease !== undefined || retries.allows(node, attempt.number));
    const requirements = node.requirements.map((template) =>
      template === ownDirectory
        ? directories.make(node, reporter.keyOf(index), this.#goesOnWithout)
        : fill(template, resultOf, handover, executor.isRemote ? undefined : copyLiteral),
    );
    const shared = executor.sharesStorage ? storedResults.sharedFor(index) : undefined;
    const execute = (until: AbortSignal) => {
      const context = new AttemptContext(node, attempt.number, until, reporter);
      const job = { node, requirements, context, container, shared, listener: attempt, ending: state.ending };
      return executor.isRemote ? executor.execute(job) : task.enter(() => executor.execute(job));
    };
    const signal = lease ? anyOf(this.#parts.signal, lease.signal) : this.#parts.signal;
    const { timeout } = node.task.options;
    if (timeout === undefined) return execute(signal);
    return withTimeout(execute, {
      timeout,
      signal,
      waiting: executor.tellsStart ? attempt : undefined,
      onAbandoned: (call) => this.#abandon(attempt, task, call),
    });
  }

  #settle(attempt: Attempt, task: RunningTask, result: PromiseLike<unknown>): Promise<void> {
    const { call } = this.#parts;
    const waiting: Waiting = {
      describe: () => String(task.node),
      fail: (error) => this.#giveUp(attempt.index, this.#errorOf(attempt, error)),
    };
    call.add(waiting);
    const end = () => {
      call.delete(waiting);
      if (!attempt.abandoned) task.end();
    };
    // What is only like a promise may give nothing from then(), or call back twice.
    return Promise.resolve(result).then(
      (value) => {
        end();
        this.#accept(attempt, value);
      },
      (error) => {
        end();
        this.fail(attempt, error);
      },
    );
  }

  /** An attempt timed out and goes on: it keeps its slots until it is over. */
  #abandon(attempt: Attempt, task: RunningTask, call: Promise<unknown>): void {
    const { capacity, reporter, scheduler } = this.#parts;
    const { abandoned } = capacity;
    attempt.abandoned = abandoned.add(call, () =>
      reporter.warn(
        attempt.index,
        `${task.node} still runs ${abandoned.grace} ms after its timeout. Its slot is free for others now, so more may run at once than the limits say. Pass context.signal to what it waits for`,
      ),
    );
    void attempt.abandoned.then(() => task.end());
    scheduler.keepSlots(attempt.index, attempt.abandoned);
  }

  /** An attempt failed. */
  readonly fail = (attempt: Attempt, cause: unknown): void => {
    const { graph, reporter, fingerprints, state, retries, joins } = this.#parts;
    const { index, number, lease } = attempt;
    const node = graph.nodes[index]!;
    this.#discardDirectory(node);
    void lease?.release();
    if (isInstance(cause, NotStartedError)) {
      retries.again(node);
      return;
    }
    const error = this.#errorOf(attempt, cause);
    // Somebody else computes the key: then this one waits for that.
    const isLost = lease !== undefined && (lease.signal.aborted || isInstance(cause, LeaseLostError));
    const mayTry =
      (isLost && !this.#parts.signal.aborted) ||
      (!fingerprints.failed.has(index) && retries.allows(node, number) && !isHopeless(cause));
    const willRetry = mayTry && !state.isEnding;
    if (!willRetry) {
      this.#giveUp(index, error, mayTry || this.#parts.signal.aborted);
      return;
    }
    joins.pause(index);
    reporter.emit(index, (info) => ({ type: 'task-failed', node: info, error, willRetry }));
    if (isLost) retries.again(node);
    else {
      const giveUp = () => this.#giveUp(index, error, true);
      retries.later(node, number, { giveUp, abandoned: attempt.abandoned });
    }
  };

  /** A node has no result for good, whatever its retries. @param attempts how often it was tried */
  failForGood(index: number, cause: unknown, attempts = 1): void {
    this.#discardDirectory(this.#parts.graph.nodes[index]!);
    this.#giveUp(index, this.#errorOf(new Attempt(index, attempts, this.#parts.reporter), cause));
  }

  #discardDirectory(node: GraphNode): void {
    if (node.task.hasDirectory) this.#parts.directories.discard(node);
  }

  #errorOf({ index, number }: Attempt, cause: unknown): TaskFailedError {
    const { graph, reporter, way } = this.#parts;
    return new TaskFailedError({
      node: graph.nodes[index]!,
      key: keyOrNone(reporter, index),
      requiredBy: [...(way?.toTexts() ?? []), ...pathTo(graph, index).slice(0, -1)],
      attempts: number,
      cause,
    });
  }

  /** A task failed for good: what needs it is skipped. @param isAbandoned whether another run should try it itself */
  #giveUp(index: number, error: TaskFailedError, isAbandoned = false): void {
    const { reporter, state, skip, frontier, joins } = this.#parts;
    reporter.emit(index, (node) => ({ type: 'task-failed', node, error, willRetry: false }));
    reporter.tally.failed++;
    const skipped = frontier.fail(index);
    skip(skipped);
    joins.fail(index, error, skipped, isAbandoned);
    state.fail(error);
  }

  /** Whether a task whose directory cannot be kept has one all the same; its result is not saved. */
  readonly #goesOnWithout = ({ index }: GraphNode, error: unknown): boolean => {
    void this.#parts.faults.take(index, error);
    return !this.#parts.state.fatal;
  };
}

/** The key of a failed task; undefined when its own `key` function fails. */
function keyOrNone(reporter: Reporter, index: number): TaskKey | undefined {
  try {
    return reporter.keyOf(index);
  } catch {
    return undefined;
  }
}

function anyOf(...signals: AbortSignal[]): AbortSignal {
  const any = AbortSignal.any(signals);
  setMaxListeners(0, any);
  return any;
}

/** Whether another attempt would fare no better: no worker has the task, say. */
function isHopeless(cause: unknown): boolean {
  return isInstance(cause, TidemarkError) && (cause as { mayRetry?: boolean }).mayRetry === false;
}
