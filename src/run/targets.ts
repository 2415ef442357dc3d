import { describeError } from '../base/describe-error';
import { fill } from '../graph/structure';
import type { ExecutionOptions } from './execution-options';
import { RunFailedError, tasksFailed } from './failure';
import type { Frontier } from './frontier';
import type { Handover } from './result-sharing';
import { loadedValue } from './stored-results';

/** What an execution is for, once it has ended. */
export class Targets {
  readonly #options: ExecutionOptions;
  readonly #frontier: Frontier;

  constructor(options: ExecutionOptions, frontier: Frontier) {
    this.#options = options;
    this.#frontier = frontier;
  }

  /** Whether all of it can be had. */
  get areThere(): boolean {
    const { graph, state } = this.#options;
    return !state.fatal && graph.targets.every(({ index }) => this.#frontier.isDone(index));
  }

  /** The results, in the structure in which they were wanted. @throws {RunFailedError} */
  value(handover: Handover): unknown {
    const { graph, reporter } = this.#options;
    try {
      return fill(graph.target, ({ index }) => loadedValue(this.#frontier.resultOf(index)), handover);
    } catch (error) {
      throw new RunFailedError(describeError(error), [], reporter.tally.summary(), error);
    }
  }

  /** @throws {RunFailedError} which says why results are missing, or what failed besides */
  throwIfFailed(): void {
    const { graph, reporter, signal, state } = this.#options;
    const { errors, fatal } = state;
    const summary = reporter.tally.summary();
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
