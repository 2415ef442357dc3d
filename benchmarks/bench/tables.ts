import { type Case, isReached, ours, type Target } from './case';
import type { CaseResult, Outcome } from './results';
import { median, show } from './statistics';

type Results = ReadonlyMap<string, CaseResult>;

/** Tidemark compared with the floor of each case, with targets. */
export function mainTable(cases: readonly Case[], results: Results): string {
  const rows = cases.flatMap((one) => {
    const result = results.get(one.name);
    return result ? rowsOf(one, result) : [];
  });
  return table(['workload', 'figure', 'floor', 'Tidemark', 'ratio (lowest to highest)', 'asked for', 'reached'], rows);
}

function rowsOf(one: Case, { outcomes }: CaseResult): string[][] {
  const mine = outcomes[ours]!;
  if ('missing' in mine) return [[one.name, '', '', whyMissing(mine.missing), '', '', '']];
  return Object.keys(mine.rounds[0]!).map((figure) => {
    const floors = figuresOf(outcomes['floor'], figure);
    const figures = figuresOf(mine, figure)!;
    const ratios = floors && ratiosOf(figures, floors);
    const target = one.targets?.[figure];
    const reached = target && isReached(target, median(figures), ratios && median(ratios));
    return [
      one.name,
      figure,
      floors ? show(median(floors)) : '',
      show(median(figures)),
      ratios ? `**${show(median(ratios))}** (${show(Math.min(...ratios))} to ${show(Math.max(...ratios))})` : '',
      target ? showTarget(target) : '',
      reached === undefined ? '' : reached ? 'yes' : 'no',
    ];
  });
}

/** All contestants of a group of cases, with the first figure of each case, and how many floors that is. */
export function peerTable(cases: readonly Case[], results: Results): string | undefined {
  const measured = cases.filter(({ name }) => results.has(name));
  const names = [...new Set(measured.flatMap(({ beside }) => beside.map(({ name }) => name)))];
  if (names.every((name) => name === 'floor')) return undefined;
  const cell = (one: Case, name: string) => {
    const { outcomes } = results.get(one.name)!;
    const outcome = outcomes[name];
    if (!outcome) return '';
    if ('missing' in outcome) return whyMissing(outcome.missing);
    const figure = Object.keys(outcome.rounds[0]!)[0]!;
    const figures = figuresOf(outcome, figure)!;
    const floors = name === 'floor' ? undefined : figuresOf(outcomes['floor'], figure);
    return floors ? `${show(median(figures))} (${show(median(ratiosOf(figures, floors)))} ×)` : show(median(figures));
  };
  const unit = (one: Case) => {
    const mine = results.get(one.name)!.outcomes[ours]!;
    return 'rounds' in mine ? `, ${Object.keys(mine.rounds[0]!)[0]}` : '';
  };
  const title = (one: Case) => `${one.name.slice(one.name.indexOf(',') + 2)}${unit(one)}`;
  const shown = ['floor', ours, ...names.filter((name) => name !== 'floor')];
  return table(
    ['', ...measured.map(title)],
    shown.map((name) => [name === ours ? '**Tidemark**' : name, ...measured.map((one) => cell(one, name))]),
  );
}

/** The few figures that the project's README shows. */
export function shortTable(cases: readonly Case[], results: Results): string {
  const rows = cases.flatMap((one) => {
    const outcomes = results.get(one.name)?.outcomes;
    const mine = outcomes?.[ours];
    if (!one.inShort || !mine || !('rounds' in mine)) return [];
    const figure = one.inShort.figure ?? Object.keys(mine.rounds[0]!)[0]!;
    const floors = figuresOf(outcomes?.['floor'], figure);
    if (!floors) return [];
    const figures = figuresOf(mine, figure)!;
    const { what, floor } = one.inShort;
    return [
      [what, `${show(median(floors))} (${floor})`, show(median(figures)), show(median(ratiosOf(figures, floors)))],
    ];
  });
  return table(['', 'floor', 'Tidemark', 'ratio'], rows);
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

function figuresOf(outcome: Outcome | undefined, figure: string): readonly number[] | undefined {
  if (!outcome || 'missing' in outcome || outcome.rounds[0]?.[figure] === undefined) return undefined;
  return outcome.rounds.map((round) => round[figure]!);
}

/** Round by round, since both had the machine in about the same state. */
function ratiosOf(figures: readonly number[], floors: readonly number[]): readonly number[] {
  return figures.map((value, round) => value / floors[round]!);
}

function showTarget(target: Target): string {
  if ('floors' in target) return `at most ${target.floors} × the floor`;
  return 'most' in target ? `at most ${target.most}` : `at least ${target.least}`;
}

/** Shortens failures for tables; the details are printed when they occur. */
function whyMissing(reason: string): string {
  return reason.startsWith('failed') ? 'failed' : reason;
}
