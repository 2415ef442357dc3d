import { type NodeState, stateSigns } from '../states';
import { showCount, showSeconds } from '../units';
import type { ClassProgress } from './class-progress';
import { type Painted, paint } from './paint';
import type { RunProgress } from './run-progress';

const colours = { failed: 31, ran: 32, running: 33, loaded: 36, skipped: 90 } as const;
const widestName = 28;
const barWidth = 24;

/** One line for each class, as wide as there is room for. */
export function classLines(
  progress: RunProgress,
  earlier: ReadonlyMap<string, number> | undefined,
): readonly Painted[] {
  const all = [...progress.classes.values()];
  const name = Math.min(widestName, Math.max(...all.map(({ task }) => task.length), 0));
  const count = Math.max(...all.map((one) => countOf(one).length), 0);
  return all.map((one) => {
    const state = stateOf(one, progress.summary !== undefined);
    const left = progress.summary ? undefined : one.left(earlier?.get(one.task));
    const rate = progress.summary ? undefined : one.rate(progress.time);
    const figures = [
      ...(rate === undefined || one.isComplete ? [] : [`${rate >= 10 ? Math.round(rate) : rate.toFixed(1)}/s`]),
      ...(left === undefined ? [] : [`${showSeconds(Math.max(1, Math.round(left)))} left`]),
      ...(one.note === undefined ? [] : [one.note.replaceAll(/\s+/g, ' ')]),
    ];
    return [
      paint(stateSigns[state], state === 'to-run' ? 90 : colours[state]),
      paint(` ${shortened(one.task, name).padEnd(name)} `),
      ...bar(one, state),
      paint(` ${countOf(one).padStart(count)}`),
      ...countsOf(one).flatMap(({ text, colour }, index) => [
        paint(index === 0 ? '  ' : ' · ', 90),
        paint(text, colour),
      ]),
      ...figures.map((text) => paint(`  ${text}`, 90)),
    ];
  });
}

/** `12/40`, or `12` while it is not known how many there are. */
export function countOf({ over, total }: ClassProgress): string {
  return total === undefined ? showCount(over) : `${showCount(over)}/${showCount(total)}`;
}

/** What became of the tasks of a class, in words. */
export function countsOf({
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

function stateOf(one: ClassProgress, isOver: boolean): LineState {
  if (one.failed > 0) return 'failed';
  if (one.running > 0) return 'running';
  if (one.over === 0) return 'to-run';
  if (!isOver && !one.isComplete) return 'running';
  if (one.ran > 0) return 'ran';
  return one.loaded > 0 ? 'loaded' : 'skipped';
}

function bar(one: ClassProgress, state: LineState): readonly Painted[number][] {
  const { share } = one;
  if (share === undefined) return [paint('─'.repeat(barWidth), 90)];
  const full = Math.round(share * barWidth);
  return [paint('━'.repeat(full), state === 'to-run' ? 90 : colours[state]), paint('─'.repeat(barWidth - full), 90)];
}

function shortened(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

/** All classes together: `31 s · 40 ran · 2 loaded`. */
export function totalLine(progress: RunProgress, now = progress.time): string {
  const sum = { ran: 0, loaded: 0, failed: 0, running: 0, skipped: 0 };
  for (const one of progress.classes.values())
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += one[name];
  const seconds = progress.summary?.seconds ?? (now - (progress.startedAt ?? now)) / 1000;
  return [
    showSeconds(seconds),
    ...countsOf(progress.summary ? { ...sum, running: 0 } : sum).map(({ text }) => text),
  ].join(' · ');
}
