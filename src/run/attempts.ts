import { type Awaitable, isPromiseLike } from '../awaitable';
import { TidemarkError } from '../error';
import { NotStartedError } from '../executors/not-started-error';
import { pathTo } from '../graph/graph';
import { type GraphNode, ownDirectory } from '../graph/node';
import { fill } from '../graph/structure';
import type { Lease } from '../storage/lease/lease';
import { LeaseLostError } from '../storage/lease/lease-lost-error';
import { Attempt } from './attempt';
import { AttemptContext } from './attempt-context';
import type { ExecutionParts } from './execution-parts';
import { TaskFailedError } from './failure';
import { copyLiteral } from './result-sharing';
import type { Results } from './results';
import type { Retries } from './retries';
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

  constructor(parts: AttemptsParts) {
    this.#parts = parts;
  }

  /** @param lease the right to compute the node's key; let go of when the attempt is over */
  run(index: number, lease?: Lease): Awaitable<void> {
    const { graph, container, fingerprints, reporter, laneOf, directories, retries, storedResults, results } =
      this.#parts;
    const { ending } = this.#parts.state;
    const signal = lease ? AbortSignal.any([this.#parts.signal, lease.signal]) : this.#parts.signal;
    const node = graph.nodes[index]!;
    const { executor } = laneOf(node);
    const attempt = new Attempt(index, retries.begin(node), reporter, lease);
    reporter.emit(index, (info) => ({
      type: 'task-started',
      node: info,
      attempt: attempt.number,
      queue: node.task.queue,
      executor: executor.name,
      // Made when a listener asks for them, as the node's own key is.
      get requires() {
        return reporter.requiredBy(index);
      },
    }));
    try {
      if (fingerprints.failed.has(index)) throw fingerprints.failed.get(index);
      const resultOf = storedResults.resultsFor(node);
      const handover = storedResults.handoverFor(node, lease !== undefined || retries.allows(node, attempt.number));
      const requirements = node.requirements.map((template) =>
        template === ownDirectory
          ? directories.make(node, reporter.keyOf(index), this.#goesOnWithout)
          : fill(template, resultOf, handover, executor.isolates ? undefined : copyLiteral),
      );
      const shared = executor.sharesStorage ? storedResults.sharedFor(index) : undefined;
      const execute = (until: AbortSignal) => {
        const context = new AttemptContext(node, attempt.number, until, reporter);
        return executor.execute({ node, requirements, context, container, shared, listener: attempt, ending });
      };
      const { timeout } = node.task.options;
      const result =
        timeout === undefined
          ? execute(signal)
          : withTimeout(timeout, signal, execute, executor.tellsStart ? attempt : undefined);
      if (!isPromiseLike(result)) return results.take(attempt, result);
      // What is only like a promise may give nothing from then(), or call back twice.
      return Promise.resolve(result).then(
        (value) => results.take(attempt, value),
        (error) => this.fail(attempt, error),
      );
    } catch (error) {
      return this.fail(attempt, error);
    }
  }

  /** An attempt failed. */
  readonly fail = (attempt: Attempt, cause: unknown): void => {
    const { graph, reporter, fingerprints, state, retries } = this.#parts;
    const { index, number, lease } = attempt;
    const node = graph.nodes[index]!;
    this.#discardDirectory(node);
    void lease?.release();
    if (cause instanceof NotStartedError) {
      retries.again(node);
      return;
    }
    const error = this.#errorOf(attempt, cause);
    // Somebody else computes the key: then this one waits for that.
    const isLost = lease !== undefined && (lease.signal.aborted || cause instanceof LeaseLostError);
    const mayTry =
      (isLost && !this.#parts.signal.aborted) ||
      (!fingerprints.failed.has(index) && retries.allows(node, number) && !isHopeless(cause));
    const willRetry = mayTry && !state.isEnding;
    if (!willRetry) {
      this.#giveUp(index, error);
      return;
    }
    reporter.emit(index, (info) => ({ type: 'task-failed', node: info, error, willRetry }));
    if (isLost) retries.again(node);
    else retries.later(node, number, () => this.#giveUp(index, error));
  };

  /** A node has no result for good, whatever its retries. */
  failForGood(index: number, cause: unknown): void {
    this.#discardDirectory(this.#parts.graph.nodes[index]!);
    this.#giveUp(index, this.#errorOf(new Attempt(index, 1, this.#parts.reporter), cause));
  }

  #discardDirectory(node: GraphNode): void {
    if (node.task.hasDirectory) this.#parts.directories.discard(node);
  }

  #errorOf({ index, number }: Attempt, cause: unknown): TaskFailedError {
    const { graph, reporter, path } = this.#parts;
    return new TaskFailedError({
      node: graph.nodes[index]!,
      key: reporter.keyOf(index),
      requiredBy: [...path, ...pathTo(graph, index).slice(0, -1)],
      attempts: number,
      cause,
    });
  }

  /** A task failed for good: what needs it is skipped. */
  #giveUp(index: number, error: TaskFailedError): void {
    const { reporter, state, skip, frontier } = this.#parts;
    reporter.emit(index, (node) => ({ type: 'task-failed', node, error, willRetry: false }));
    reporter.tally.failed++;
    skip(frontier.fail(index));
    state.fail(error);
  }

  /** Whether a task whose directory cannot be kept has one all the same; its result is not saved. */
  readonly #goesOnWithout = ({ index }: GraphNode, error: unknown): boolean => {
    void this.#parts.faults.take(index, error);
    return !this.#parts.state.fatal;
  };
}

/** Whether another attempt would fare no better: no worker has the task, say. */
function isHopeless(cause: unknown): boolean {
  return cause instanceof TidemarkError && (cause as { mayRetry?: boolean }).mayRetry === false;
}
