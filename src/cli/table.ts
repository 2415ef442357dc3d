import { escapeControls } from '../base/show';
import { showSeconds } from '../report/units';

/** A cell, with a text for people and one for programs. */
export type Cell = string | { readonly shown: string; readonly raw: string };

/** Writes rows: aligned under a heading on a terminal, separated by tabs without heading when piped. */
export function writeTable(
  heading: readonly string[] | undefined,
  rows: readonly (readonly Cell[])[],
  stream: NodeJS.WriteStream = process.stdout,
): void {
  if (rows.length > 0) stream.write(`${tableLines(heading, rows, stream.isTTY).join('\n')}\n`);
}

/** The lines of a table. */
export function tableLines(
  heading: readonly string[] | undefined,
  rows: readonly (readonly Cell[])[],
  isTerminal: boolean,
): readonly string[] {
  if (!isTerminal) return rows.map((row) => row.map((cell) => oneLine(textOf(cell, 'raw'))).join('\t'));
  return align([
    ...(heading ? [heading] : []),
    ...rows.map((row) => row.map((cell) => oneLine(textOf(cell, 'shown')))),
  ]);
}

/** Aligns the columns of rows. */
export function align(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [i, text] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, text.length);
  return rows.map((row) =>
    row
      .map((text, i) => text.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
}

function textOf(cell: Cell, how: 'shown' | 'raw'): string {
  return typeof cell === 'string' ? cell : cell[how];
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it matches these characters
const colours = /\u001b\[[\d;]*m/g;

/** Cells must not move the cursor, nor look like another row or column. */
function oneLine(text: string): string {
  return escapeControls(text.replaceAll(colours, '').replaceAll(/\s*[\r\n\t]\s*/g, ' '));
}

/** Shows a local time: `2026-01-31 14:05`. */
export function showTime(time: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** A cell with a duration. */
export function durationCell(seconds: number | undefined): Cell {
  if (seconds === undefined) return '';
  return { shown: showSeconds(seconds), raw: String(Number(seconds.toFixed(6))) };
}
