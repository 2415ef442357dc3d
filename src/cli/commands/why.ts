import type { Command } from 'commander';
import { showTask } from '../../base/show';
import { showSeconds } from '../../report/units';
import { type Difference, DifferenceExplainer } from '../../run/plan/explain-difference';
import type { PlannedNode } from '../../run/plan/plan';
import { print, printMessage } from '../output';
import { showRecorded, showVersion } from '../show-values';
import { showTime, writeTable } from '../table';
import { addTaskArguments, type SelectedTask, selectTask, withRunner } from '../task-command';

export function define(command: Command): void {
  addTaskArguments(command)
    .option('--json', 'print the most similar result and the differences as JSON')
    .action(async () => {
      const selected = await selectTask(command);
      if (selected) await why(selected, command.opts<{ readonly json?: true }>().json === true);
    });
}

async function why(selected: SelectedTask, asJson: boolean): Promise<void> {
  await withRunner(selected, {}, async (runner) => {
    const plan = await runner.plan(selected.cls, selected.params);
    const node = plan.nodes.at(-1)!;
    const nearest = await new DifferenceExplainer(plan, selected.storage).explain(node);
    const { record, differences = [] } = nearest ?? {};
    if (asJson) {
      const { key, action } = node;
      const reason = action === 'run' ? node.why : undefined;
      print(`${JSON.stringify({ key, action, why: reason, nearest: record, differences }, null, 2)}\n`);
      return;
    }
    printMessage(verdict(node));
    if (record && record.key !== node.key)
      printMessage(`nearest: ${record.key}, saved ${showTime(record.savedAt)}, took ${showSeconds(record.seconds)}`);
    else if (!record && node.action === 'run') printMessage(`no result of ${node.task} is saved`);
    writeTable(['task', 'what', 'before', 'now'], rowsOf(node.task, differences));
  });
}

function verdict(node: PlannedNode): string {
  const task = showTask(node.task, node.params);
  if (node.action === 'unknown') return `${task} would ${node.likely === 'run' ? 'run' : 'be loaded'}, but ${node.why}`;
  return node.action === 'run' ? `${task} would run: ${node.why}` : `${task} would be loaded: ${node.key}`;
}

/** One row per difference, followed by those of requirements. */
function rowsOf(task: string, differences: readonly Difference[]): readonly (readonly string[])[] {
  return differences.flatMap(({ what, name, before, now, because = [] }) => {
    const label = name === undefined ? labels[what] : `${labels[what]} ${name}`;
    return [[task, label, textOf(what, before), textOf(what, now)], ...rowsOf(`${task} > ${name}`, because)];
  });
}

const labels: Readonly<Record<Difference['what'], string>> = {
  version: 'version',
  param: 'param',
  requirement: 'requires',
  fingerprint: 'fingerprint',
  source: 'source of its class',
  hidden: 'something that records do not contain',
};

function textOf(what: Difference['what'], value: unknown): string {
  if (what === 'version') return showVersion(value);
  if (what === 'param') return showRecorded(value);
  return value === undefined ? '' : String(value);
}
