import { pathTo } from '../graph/graph';
import type { GraphNode } from '../graph/node';
import type { TaskKey } from '../task/context';
import { TaskFailedError } from './errors';
import type { Joins } from './join/joins';
import type { NodeStates } from './node-states';
import type { Reporter } from './reporter';
import type { RunContext, RunGraph } from './run-context';

/** The dependencies of node failures. */
export interface NodeFailuresParts {
  readonly run: Pick<RunContext, 'state' | 'directories'>;
  readonly graph: RunGraph;
  readonly states: NodeStates;
  readonly joins: Joins;
}

/** Fails nodes, and skips those that cannot run without them. */
export class NodeFailures {
  readonly #parts: NodeFailuresParts;

  constructor(parts: NodeFailuresParts) {
    this.#parts = parts;
  }

  /** Fails a node, regardless of its retries. @param attempts the number of attempts */
  fail(index: number, cause: unknown, attempts = 1): void {
    this.discardDirectory(this.#parts.graph.graph.nodes[index]!);
    this.giveUp(index, this.errorOf(index, attempts, cause));
  }

  /** Fails a task and skips its dependents. @param isAbandoned true when other runs should try it themselves */
  giveUp(index: number, error: TaskFailedError, isAbandoned = false): void {
    const { run, graph, states, joins } = this.#parts;
    const { reporter } = graph;
    reporter.emit(index, (node) => ({ type: 'task-failed', node, error, willRetry: false }));
    reporter.counters.failed++;
    const unable = states.fail(index);
    this.reportSkipped(unable);
    joins.fail(index, error, unable, isAbandoned);
    run.state.fail(error);
  }

  /** Fails a node for a reason that is reported elsewhere. */
  failSilently(index: number): void {
    this.reportSkipped(this.#parts.states.fail(index));
  }

  /** Reports nodes that will not run. */
  reportSkipped(indices: readonly number[]): void {
    const { reporter } = this.#parts.graph;
    for (const index of indices) {
      reporter.counters.skipped++;
      reporter.emit(index, (node) => ({ type: 'task-skipped', node }));
    }
  }

  /** Reports a failed attempt. */
  discardDirectory(node: GraphNode): void {
    if (node.task.hasDirectory) this.#parts.run.directories.discard(node);
  }

  errorOf(index: number, attempts: number, cause: unknown): TaskFailedError {
    const { graph, reporter, purpose } = this.#parts.graph;
    return new TaskFailedError({
      node: graph.nodes[index]!,
      key: keyOrNone(reporter, index),
      requiredBy: [...(purpose.refPath?.toTexts() ?? []), ...pathTo(graph, index).slice(0, -1)],
      attempts,
      cause,
    });
  }
}

/** The key of a failed task; undefined when its own `key` function fails. */
function keyOrNone(reporter: Reporter, index: number): TaskKey | undefined {
  try {
    return reporter.keyOf(index);
  } catch {
    return undefined;
  }
}
