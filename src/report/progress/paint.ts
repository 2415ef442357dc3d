import { oneLine } from '../one-line';

/** A piece of a line, and the number of its colour in ANSI terminals. */
export interface Piece {
  readonly text: string;
  readonly colour: number | undefined;
}

/** A line in pieces. */
export type Painted = readonly Piece[];

export function paint(text: string, colour?: number): Piece {
  return { text: oneLine(text), colour };
}

/** A line as text, no wider than the terminal. */
export function render(line: Painted, width: number, hasColours: boolean): string {
  let room = width;
  let text = '';
  for (const { text: piece, colour } of line) {
    if (room <= 0) break;
    const shown = cut(piece, room);
    room -= columnsOf(shown);
    text += hasColours && colour !== undefined ? `\u001b[${colour}m${shown}\u001b[39m` : shown;
  }
  return text;
}

/** How many columns of a terminal a text takes; those of East Asia and most pictures take two. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += isWide(character.codePointAt(0)!) ? 2 : 1;
  return columns;
}

function cut(text: string, room: number): string {
  if (columnsOf(text) <= room) return text;
  let columns = 1;
  let end = 0;
  for (const character of text) {
    columns += isWide(character.codePointAt(0)!) ? 2 : 1;
    if (columns > room) break;
    end += character.length;
  }
  return `${text.slice(0, end)}…`;
}

function isWide(code: number): boolean {
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
