import { isGroup, type NodeBox, type PictureBox, type PictureGroup } from './fold';
import { paramText } from './one-line';
import type { PictureNode } from './picture';
import { stateNames, stateSigns, states } from './states';
import { showBytes, showCount, showSeconds } from './units';

/** The lines of text in a box: sign and task, params, then duration and size. */
export function boxLines(box: PictureBox): readonly string[] {
  if (isGroup(box)) return [`${box.task} × ${showCount(box.members.length)}`, stateCounts(box)];
  const remark = boxRemark(box);
  return [`${stateSigns[box.state]} ${box.task}`, ...paramLines(box), ...(remark ? [remark] : [])];
}

/** `✓ 12 ran · ✗ 3 failed`, or `✓ 12 · ✗ 3` */
export function stateCounts({ counts }: PictureGroup, isShort = false): string {
  return states
    .filter((state) => counts.has(state))
    .map((state) => `${stateSigns[state]} ${showCount(counts.get(state)!)}${isShort ? '' : ` ${stateNames[state]}`}`)
    .join(' · ');
}

/** `1.2 s · 34 kB` */
function boxFigures({ seconds, bytes, state }: PictureNode): string {
  return [
    ...(seconds === undefined || state === 'running' ? [] : [showSeconds(seconds)]),
    ...(bytes === undefined ? [] : [showBytes(bytes)]),
  ].join(' · ');
}

/** The last line of a box: the error, the reason to run, or duration and size. */
export function boxRemark(node: PictureNode): string {
  const { state, error, why } = node;
  if (state === 'failed' && error !== undefined) return error.split('\n')[0]!;
  if ((state === 'to-run' || state === 'unknown') && why !== undefined) return why.split('\n')[0]!;
  return boxFigures(node);
}

const maxParams = 3;

/** The first few params, one per line. */
export function paramLines({ texts }: NodeBox): readonly string[] {
  const shown = texts.slice(0, texts.length > maxParams ? maxParams - 1 : maxParams);
  const lines = shown.map(([name, value]) => paramText(name, value));
  if (texts.length > shown.length) lines.push(`… ${texts.length - shown.length} more`);
  return lines;
}
