import type { Command } from 'commander';
import { showTask } from '../../base/show';
import { showSeconds } from '../../report/units';
import { DifferenceExplainer } from '../../run/plan/explain-difference';
import type { PlannedNode } from '../../run/plan/plan';
import { print, printMessage } from '../output';
import { showDifference } from '../show-values';
import { durationCell, writeTable } from '../table';
import { addTaskArguments, type SelectedTask, selectTask, withRunner } from '../task-command';

/** What stands in a line. */
interface Row {
  readonly node: PlannedNode;
  readonly why: string;
  /** How long it took when it was saved last, in seconds. */
  readonly seconds: number | undefined;
}

export function define(command: Command): void {
  addTaskArguments(command)
    .option('--json', 'print the plan as JSON')
    .action(async () => {
      const meant = await selectTask(command);
      if (meant) await plan(meant, command.opts<{ readonly json?: true }>().json === true);
    });
}

async function plan(meant: SelectedTask, asJson: boolean): Promise<void> {
  await withRunner(meant, {}, async (runner) => {
    const made = await runner.plan(meant.cls, meant.params);
    const differences = new DifferenceExplainer(made, meant.storage);
    const rows: Row[] = [];
    for (const node of made.nodes) if (node.action !== 'not-needed') rows.push(await rowOf(node, differences));
    if (asJson) print(`${JSON.stringify(rows.map(toJson), null, 2)}\n`);
    else {
      writeTable(['action', 'task', 'last took', 'why'], rows.map(toCells));
      printMessage(summary(rows, made.nodes.length));
    }
  });
}

const noCheckpoint = 'there is no checkpoint';

async function rowOf(node: PlannedNode, differences: DifferenceExplainer): Promise<Row> {
  if (node.action === 'load') return { node, why: '', seconds: node.seconds };
  const nearest = await differences.explain(node);
  const seconds = nearest?.record.seconds;
  if (node.action !== 'run') return { node, why: node.action === 'unknown' ? node.why : '', seconds };
  const isKnown = node.why !== noCheckpoint || !nearest;
  const why = isKnown ? node.why : nearest.differences.map(showDifference).join(', ') || node.why;
  const mayNameMore = node.names === undefined && nearest?.record.dynamic.some(([key]) => key === nearest.record.key);
  return { node, why: mayNameMore ? `${why}; its result may name more` : why, seconds };
}

function toCells({ node, why, seconds }: Row): Parameters<typeof writeTable>[1][number] {
  return [node.action, showTask(node.task, node.params), durationCell(seconds), why];
}

function toJson({ node, why, seconds }: Row): object {
  const { key, task, action, names } = node;
  const likely = action === 'unknown' ? node.likely : undefined;
  return { action, task, key, lastSeconds: seconds, ...(action !== 'load' && { why }), likely, names };
}

function summary(rows: readonly Row[], nodes: number): string {
  const toRun = rows.filter(({ node }) => node.action === 'run');
  const toLoad = rows.filter(({ node }) => node.action === 'load').length;
  const unknown = rows.length - toRun.length - toLoad;
  const known = toRun.filter(({ seconds }) => seconds !== undefined);
  const took = known.reduce((sum, { seconds }) => sum + seconds!, 0);
  const estimate =
    known.length > 0
      ? ` (${known.length === toRun.length ? '' : 'of which known: '}${showSeconds(took)} last time)`
      : '';
  const later = unknown > 0 ? `, ${unknown} not known before something ran` : '';
  return `${toRun.length} to run${estimate}, ${toLoad} to load, ${nodes - rows.length} not needed${later}`;
}
