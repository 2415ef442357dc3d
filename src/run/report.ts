import { explainError } from '../base/describe-error';
import { TidemarkError } from '../base/error';
import { emitWarning } from '../base/warnings';
import type { Graph } from '../graph/graph';
import type { EventStream, RunEvent } from './events';

/** What a report is told of a run. */
export interface ReportedRun {
  readonly events: AsyncIterable<RunEvent>;
  /** How many nodes of each task the graph has; a run need not touch them all. */
  readonly sizes: Promise<ReadonlyMap<string, number>>;
}

/** Tells people of a run. It ends when the events do, and never rejects for what the run does. */
export type Report = (run: ReportedRun) => Promise<void>;

// Filled from outside, since what a run is made of knows nothing that writes for people.
const reports = new Map<string, Report>();

/** Makes a report known by its name. */
export function registerReport(name: string, report: Report): void {
  reports.set(name, report);
}

/** A report of one run under way. */
export interface StartedReport {
  /** Tells it the graph, once that is known. */
  readonly expect: (graph: Graph) => void;
  /** Never rejects. */
  readonly ended: Promise<void>;
}

/** @throws {TidemarkError} for a report that is not there */
export function startReport(name: string, events: EventStream): StartedReport {
  const report = reports.get(name);
  if (!report) throw new TidemarkError(`there is no report ${name}; import it from 'tidemark'`);
  let expect!: (graph: Graph) => void;
  const sizes = new Promise<ReadonlyMap<string, number>>((resolve) => {
    expect = (graph) => resolve(sizesOf(graph));
  });
  return { expect, ended: report({ events, sizes }).catch(warnOfFailure(name)) };
}

/** What is shown of a run has no influence on it. */
function warnOfFailure(name: string): (error: unknown) => void {
  return (error) => emitWarning(`the report ${name} failed: ${explainError(error)}`);
}

function sizesOf({ nodes, order }: Graph): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const index of order) {
    const { name } = nodes[index]!.task;
    sizes.set(name, (sizes.get(name) ?? 0) + 1);
  }
  return sizes;
}
