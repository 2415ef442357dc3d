import { setMaxListeners } from 'node:events';
import { type Awaitable, isPromiseLike } from '../base/awaitable';
import { isInstance } from '../base/describe-error';
import { TidemarkError } from '../base/error';
import { NotStartedError } from '../executors/errors';
import type { Executor } from '../executors/executor';
import { withTimeout } from '../executors/timeout';
import { pathTo } from '../graph/graph';
import { type GraphNode, ownDirectory } from '../graph/node';
import { fillTemplate } from '../graph/structure';
import { type Lease, LeaseLostError } from '../storage/leases/lease';
import type { TaskKey } from '../task/context';
import type { TaskDefinition } from '../task/definition';
import { RunningTask, type TaskOrigin } from './async-context';
import { Attempt, AttemptContext } from './attempt';
import { TaskFailedError } from './errors';
import type { ExecutionParts } from './execution-parts';
import type { NodeStates } from './node-states';
import type { AwaitedCall } from './open-calls';
import type { RemoteResults } from './remote-results';
import type { Reporter } from './reporter';
import { copyLiteral } from './result-sharing';
import type { Scheduler } from './scheduler';
import type { ResultPipeline } from './settle-result';

/** Failed tasks that are tried again, after a delay in which they hold no slot. */
export class Retries {
  readonly #frontier: NodeStates;
  readonly #scheduler: Scheduler;
  readonly #attempts = new Map<number, number>();
  readonly #waiting = new Set<() => void>();

  constructor(frontier: NodeStates, scheduler: Scheduler) {
    this.#frontier = frontier;
    this.#scheduler = scheduler;
  }

  /** Counts an attempt: 1 for the first. */
  begin({ index, task }: GraphNode): number {
    if (task.options.retries === undefined) return 1;
    const attempt = (this.#attempts.get(index) ?? 0) + 1;
    this.#attempts.set(index, attempt);
    return attempt;
  }

  /** Whether a task that failed at this attempt is tried again. */
  allows({ task }: GraphNode, attempt: number): boolean {
    const { retries = 0 } = task.options;
    return attempt < (typeof retries === 'number' ? retries + 1 : retries.attempts);
  }

  /** Makes a node ready again at once, as if it had not been tried. */
  again({ index }: GraphNode): void {
    const attempt = this.#attempts.get(index);
    if (attempt !== undefined) this.#attempts.set(index, attempt - 1);
    this.#frontier.retry(index);
    this.#scheduler.pump();
  }

  /**
   * Makes a node ready again after its delay.
   *
   * @param options `abandoned` is the last attempt, when that timed out and goes on: the next one waits for its end;
   *   `giveUp` is called instead when the run ends before
   */
  later(
    { index, task }: GraphNode,
    attempt: number,
    { giveUp, abandoned }: { readonly giveUp: () => void; readonly abandoned: Promise<void> | undefined },
  ): void {
    const wait = new Promise<void>((resolve) => {
      const stop = () => {
        clearTimeout(timer);
        this.#waiting.delete(stop);
        giveUp();
        resolve();
      };
      const retry = () => {
        if (!this.#waiting.delete(stop)) return;
        this.#frontier.retry(index);
        resolve();
      };
      const timer = setTimeout(() => (abandoned ? void abandoned.then(retry) : retry()), delayAfter(attempt, task));
      this.#waiting.add(stop);
    });
    this.#scheduler.track(wait);
  }

  /** The run ends: what waits to be tried again has failed. */
  giveUp(): void {
    for (const stop of [...this.#waiting]) stop();
  }
}

/** How long to wait after an attempt, in milliseconds: random by a half, so that tasks that failed together do not come back together. */
function delayAfter(attempt: number, { options: { retries } }: TaskDefinition): number {
  if (retries === undefined || typeof retries === 'number') return 0;
  const { delay = 0, factor = 2, maxDelay = 60_000 } = retries;
  // Up, since timers drop fractions and would come too early.
  return Math.ceil(Math.min(delay * factor ** (attempt - 1), maxDelay) * (0.5 + Math.random() / 2));
}

/** What running needs besides what all share. */
interface AttemptsParts extends ExecutionParts {
  readonly retries: Retries;
  readonly storedResults: RemoteResults;
  readonly results: ResultPipeline;
}

/** Runs nodes: fills in what they require, has an executor run them, and tries again when that fails. */
export class TaskRunner {
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
      return results.accept(attempt, result);
    } catch (error) {
      task.end();
      return this.fail(attempt, error);
    }
  }

  /** A result that throws when it is looked at, as proxies can, has failed its task. */
  #accept(attempt: Attempt, value: unknown): void {
    try {
      this.#parts.results.accept(attempt, value);
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
        : fillTemplate(template, resultOf, handover, executor.isRemote ? undefined : copyLiteral),
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
    const waiting: AwaitedCall = {
      describe: () => String(task.node),
      fail: (error) => this.#failNode(attempt.index, this.#errorOf(attempt, error)),
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
      this.#failNode(index, error, mayTry || this.#parts.signal.aborted);
      return;
    }
    joins.pause(index);
    reporter.emit(index, (info) => ({ type: 'task-failed', node: info, error, willRetry }));
    if (isLost) retries.again(node);
    else {
      const giveUp = () => this.#failNode(index, error, true);
      retries.later(node, number, { giveUp, abandoned: attempt.abandoned });
    }
  };

  /** A node has no result for good, whatever its retries. @param attempts how often it was tried */
  failForGood(index: number, cause: unknown, attempts = 1): void {
    this.#discardDirectory(this.#parts.graph.nodes[index]!);
    this.#failNode(index, this.#errorOf(new Attempt(index, attempts, this.#parts.reporter), cause));
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
  #failNode(index: number, error: TaskFailedError, isAbandoned = false): void {
    const { reporter, state, skip, frontier, joins } = this.#parts;
    reporter.emit(index, (node) => ({ type: 'task-failed', node, error, willRetry: false }));
    reporter.counters.failed++;
    const skipped = frontier.fail(index);
    skip(skipped);
    joins.fail(index, error, skipped, isAbandoned);
    state.fail(error);
  }

  /** Whether a task whose directory cannot be kept has one all the same; its result is not saved. */
  readonly #goesOnWithout = ({ index }: GraphNode, error: unknown): boolean => {
    void this.#parts.faults.handle(index, error);
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
