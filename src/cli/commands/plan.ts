import type { Command } from 'commander';
import { showTask } from '../../base/show';
import { showSeconds } from '../../report/units';
import { DifferenceExplainer } from '../../run/plan/explain-difference';
import type { PlannedNode } from '../../run/plan/plan';
import { print, printMessage } from '../output';
import { showDifference } from '../show-values';
import { durationCell, writeTable } from '../table';
import { addTaskArguments, type SelectedTask, selectTask, withRunner } from '../task-command';

/** A line of the table. */
interface Row {
  readonly node: PlannedNode;
  readonly why: string;
  /** Duration of the most similar saved run, in seconds. */
  readonly seconds: number | undefined;
}

export function define(command: Command): void {
  addTaskArguments(command)
    .option('--json', 'print the plan as JSON')
    .action(async () => {
      const selected = await selectTask(command);
      if (selected) await plan(selected, command.opts<{ readonly json?: true }>().json === true);
    });
}

async function plan(selected: SelectedTask, asJson: boolean): Promise<void> {
  await withRunner(selected, {}, async (runner) => {
    const made = await runner.plan(selected.cls, selected.params);
    const differences = new DifferenceExplainer(made, selected.storage);
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
  return { node, why: mayNameMore ? `${why}; its result may refer to more tasks` : why, seconds };
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
    known.length > 0 ? ` (${known.length === toRun.length ? '' : 'known: '}${showSeconds(took)} last time)` : '';
  const later = unknown > 0 ? `, ${unknown} not known until something has run` : '';
  return `${toRun.length} to run${estimate}, ${toLoad} to load, ${nodes - rows.length} not needed${later}`;
}
