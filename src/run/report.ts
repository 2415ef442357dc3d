import { explainError } from '../base/describe-error';
import { emitWarning } from '../base/warnings';
import type { Graph } from '../graph/graph';
import type { EventStream } from './events';

/** The progress report of a run. */
export interface StartedReport {
  /** Passes the graph to the report, as soon as it is known. */
  readonly expect: (graph: Graph) => void;
  /** Resolves when the report has written its last line. Never rejects: a report has no influence on its run. */
  readonly ended: Promise<void>;
}

/** Shows the progress of a run on stderr. The report modules are loaded here, since most programs do not use them. */
export function startReport(events: EventStream): StartedReport {
  const { showProgress } =
    require('../report/progress/show-progress') as typeof import('../report/progress/show-progress');
  let expect!: (graph: Graph) => void;
  const sizes = new Promise<ReadonlyMap<string, number>>((resolve) => {
    expect = (graph) => resolve(taskCounts(graph));
  });
  return {
    expect,
    ended: showProgress(events, { sizes }).catch((error) =>
      emitWarning(`the progress report failed: ${explainError(error)}`),
    ),
  };
}

/** The number of nodes of each task. */
function taskCounts({ nodes, order }: Graph): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const index of order) {
    const { name } = nodes[index]!.task;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
