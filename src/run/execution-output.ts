import { describeError } from '../base/describe-error';
import { loadedValue } from '../executors/remote/result-handle';
import { fillTemplate } from '../graph/structure';
import { RunFailedError, tasksFailed } from './errors';
import type { ExecutionOptions } from './execution-options';
import type { NodeStates } from './node-states';
import type { HandOver } from './result-sharing';

/** What an execution is for, once it has ended. */
export class ExecutionOutput {
  readonly #options: ExecutionOptions;
  readonly #frontier: NodeStates;

  constructor(options: ExecutionOptions, frontier: NodeStates) {
    this.#options = options;
    this.#frontier = frontier;
  }

  /** Whether all of it can be had. */
  get isComplete(): boolean {
    const { graph, state } = this.#options;
    return !state.fatal && graph.targets.every(({ index }) => this.#frontier.isDone(index));
  }

  /** The results, in the structure in which they were wanted. @throws {RunFailedError} */
  value(handover: HandOver): unknown {
    const { graph, reporter } = this.#options;
    try {
      return fillTemplate(graph.target, ({ index }) => loadedValue(this.#frontier.resultOf(index)), handover);
    } catch (error) {
      throw new RunFailedError(describeError(error), [], reporter.counters.summary(), error);
    }
  }

  /** @throws {RunFailedError} which says why results are missing, or what failed besides */
  throwIfFailed(): void {
    const { graph, reporter, signal, state } = this.#options;
    const { errors, fatal } = state;
    const summary = reporter.counters.summary();
    if (fatal) throw new RunFailedError(describeError(fatal.error), errors, summary, fatal.error);
    const missing = graph.targets.find(({ index }) => !this.#frontier.isDone(index));
    if (missing && signal.aborted)
      throw new RunFailedError(
        `the run was cancelled: ${describeError(signal.reason)}`,
        errors,
        summary,
        signal.reason,
      );
    if (errors.length > 0) throw tasksFailed(errors, summary);
    if (missing === undefined) return;
    throw new RunFailedError(
      state.isStopped
        ? 'the run was stopped'
        : `nothing is left to do, but ${missing} has no result; this is a fault in Tidemark`,
      [],
      summary,
      undefined,
    );
  }
}
