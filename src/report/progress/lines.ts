import { toOneLine } from '../one-line';
import { type NodeState, stateSigns } from '../states';
import { showCount, showSeconds } from '../units';
import type { ClassProgress, RunProgress } from './run-progress';

/** A part of a line, with its ANSI colour. */
interface StyledText {
  readonly text: string;
  readonly colour: number | undefined;
}

/** A line of coloured parts. */
type StyledLine = readonly StyledText[];

export function styled(text: string, colour?: number): StyledText {
  return { text: toOneLine(text), colour };
}

/** Renders a line as text, truncated to the width of the terminal. */
export function render(line: StyledLine, width: number, hasColours: boolean): string {
  let room = width;
  let text = '';
  for (const { text: piece, colour } of line) {
    if (room <= 0) break;
    const shown = truncate(piece, room);
    room -= columnWidth(shown);
    text += hasColours && colour !== undefined ? `\u001b[${colour}m${shown}\u001b[39m` : shown;
  }
  return text;
}

/** The number of terminal columns of a text; East Asian characters and most emoji take two. */
export function columnWidth(text: string): number {
  let columns = 0;
  for (const character of text) columns += isWideCharacter(character.codePointAt(0)!) ? 2 : 1;
  return columns;
}

function truncate(text: string, room: number): string {
  if (columnWidth(text) <= room) return text;
  let columns = 1;
  let end = 0;
  for (const character of text) {
    columns += isWideCharacter(character.codePointAt(0)!) ? 2 : 1;
    if (columns > room) break;
    end += character.length;
  }
  return `${text.slice(0, end)}…`;
}

function isWideCharacter(code: number): boolean {
  return (
    code >= 0x1100 &&
    (code <= 0x115f ||
      (code >= 0x2e80 && code <= 0xa4cf) ||
      (code >= 0xac00 && code <= 0xd7a3) ||
      (code >= 0xf900 && code <= 0xfaff) ||
      (code >= 0xfe30 && code <= 0xfe6f) ||
      (code >= 0xff00 && code <= 0xff60) ||
      (code >= 0x1f300 && code <= 0x1faff) ||
      (code >= 0x20000 && code <= 0x3fffd))
  );
}

const colours = { failed: 31, ran: 32, running: 33, loaded: 36, skipped: 90 } as const;
const maxNameWidth = 28;
const barWidth = 24;

/** Makes one line per class. */
export function classLines(
  progress: RunProgress,
  earlier: ReadonlyMap<string, number> | undefined,
): readonly StyledLine[] {
  const all = [...progress.classes.values()];
  const name = Math.min(maxNameWidth, Math.max(...all.map(({ task }) => task.length), 0));
  const count = Math.max(...all.map((one) => settledCount(one).length), 0);
  return all.map((one) => {
    const state = lineState(one, progress.summary !== undefined);
    const left = progress.summary ? undefined : one.secondsLeft(earlier?.get(one.task));
    const rate = progress.summary ? undefined : one.rate(progress.time);
    const figures = [
      ...(rate === undefined || one.isComplete ? [] : [`${rate >= 10 ? Math.round(rate) : rate.toFixed(1)}/s`]),
      ...(left === undefined ? [] : [`${showSeconds(Math.max(1, Math.round(left)))} left`]),
      ...(one.note === undefined ? [] : [one.note.replaceAll(/\s+/g, ' ')]),
    ];
    return [
      styled(stateSigns[state], state === 'to-run' ? 90 : colours[state]),
      styled(` ${truncateName(one.task, name).padEnd(name)} `),
      ...progressBar(one, state),
      styled(` ${settledCount(one).padStart(count)}`),
      ...describeCounts(one).flatMap(({ text, colour }, index) => [
        styled(index === 0 ? '  ' : ' · ', 90),
        styled(text, colour),
      ]),
      ...figures.map((text) => styled(`  ${text}`, 90)),
    ];
  });
}

/** `12/40`, or `12` while the total is unknown. */
export function settledCount({ settled, total }: ClassProgress): string {
  return total === undefined ? showCount(settled) : `${showCount(settled)}/${showCount(total)}`;
}

/** The number of tasks by state, such as `12 ran`. */
export function describeCounts({
  ran,
  loaded,
  failed,
  running,
  skipped,
}: Counts): readonly { text: string; colour: number }[] {
  const counts = { ran, loaded, failed, running, skipped };
  return (['ran', 'loaded', 'failed', 'running', 'skipped'] as const)
    .filter((state) => counts[state] > 0)
    .map((state) => ({ text: `${showCount(counts[state])} ${state}`, colour: colours[state] }));
}

type Counts = Pick<ClassProgress, 'ran' | 'loaded' | 'failed' | 'running' | 'skipped'>;

type LineState = Extract<NodeState, keyof typeof colours | 'to-run'>;

function lineState(one: ClassProgress, isOver: boolean): LineState {
  if (one.failed > 0) return 'failed';
  if (one.running > 0) return 'running';
  if (one.settled === 0) return 'to-run';
  if (!isOver && !one.isComplete) return 'running';
  if (one.ran > 0) return 'ran';
  return one.loaded > 0 ? 'loaded' : 'skipped';
}

function progressBar(one: ClassProgress, state: LineState): readonly StyledLine[number][] {
  const { share } = one;
  if (share === undefined) return [styled('─'.repeat(barWidth), 90)];
  const full = Math.round(share * barWidth);
  return [styled('━'.repeat(full), state === 'to-run' ? 90 : colours[state]), styled('─'.repeat(barWidth - full), 90)];
}

function truncateName(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

/** The sum of all classes: `31 s · 40 ran · 2 loaded`. */
export function totalLine(progress: RunProgress, now = progress.time): string {
  const sum = { ran: 0, loaded: 0, failed: 0, running: 0, skipped: 0 };
  for (const one of progress.classes.values())
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += one[name];
  const seconds = progress.summary?.seconds ?? (now - (progress.startedAt ?? now)) / 1000;
  return [
    showSeconds(seconds),
    ...describeCounts(progress.summary ? { ...sum, running: 0 } : sum).map(({ text }) => text),
  ].join(' · ');
}
