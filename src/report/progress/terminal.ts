import { stripVTControlCharacters } from 'node:util';
import { toOneLine } from '../one-line';
import { classLines, columnWidth, render, styled, totalLine } from './lines';
import type { RunProgress } from './run-progress';
import type { ProgressStream, Screen } from './screen';

/** Progress on a terminal: lines that are redrawn in place. */
export class TerminalScreen implements Screen {
  readonly interval = 100;
  readonly #stream: ProgressStream;
  readonly #hasColours: boolean;
  readonly #earlier: ReadonlyMap<string, number> | undefined;
  /** Widths of the lines of the last frame: a terminal that has become narrower wraps them. */
  #lineWidths: readonly number[] = [];

  constructor(
    stream: ProgressStream,
    options: { hasColours: boolean; earlier: ReadonlyMap<string, number> | undefined },
  ) {
    this.#stream = stream;
    this.#hasColours = options.hasColours;
    this.#earlier = options.earlier;
  }

  draw(progress: RunProgress, now: number): void {
    // A slow terminal gets fewer frames, not a queue of old ones.
    if (!progress.summary && (this.#stream.writableLength ?? 0) > 0) return;
    // Some terminals report 0 for an unknown size.
    const columns = this.#stream.columns || 80;
    const rows = this.#stream.rows || 24;
    const width = Math.max(10, columns - 1);
    const told = progress.drainMessages().map((line) => toOneLine(line));
    const lines = this.#selectLines(classLines(progress, this.#earlier), progress, rows).map((line) =>
      render(line, width, this.#hasColours),
    );
    lines.push(render([styled(totalLine(progress, now), 90)], width, this.#hasColours));
    const text = [...told, ...lines].map((line) => `${line}\u001b[K\n`).join('');
    this.#stream.write(`${this.#cursorToTop(columns)}${text}\u001b[J`);
    this.#lineWidths = lines.map((line) => columnWidth(stripVTControlCharacters(line)));
  }

  /** Selects all lines when there is room, otherwise those of active classes. */
  #selectLines(
    lines: ReturnType<typeof classLines>,
    progress: RunProgress,
    rows: number,
  ): ReturnType<typeof classLines> {
    const room = Math.max(1, rows - 3);
    if (lines.length <= room || progress.summary) return lines;
    const classes = [...progress.classes.values()];
    const byInterest = classes.map((one, index) => ({ index, rank: one.running > 0 ? 0 : one.isComplete ? 2 : 1 }));
    const chosen = byInterest
      .sort((a, b) => a.rank - b.rank || a.index - b.index)
      .slice(0, room - 1)
      .map(({ index }) => index)
      .sort((a, b) => a - b);
    return [
      ...chosen.map((index) => lines[index]!),
      [styled(`… ${lines.length - chosen.length} more task classes`, 90)],
    ];
  }

  /** The escape sequence that moves the cursor to the first line of the last frame. */
  #cursorToTop(columns: number): string {
    const rows = this.#lineWidths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    return rows > 0 ? `\u001b[${rows}A\r` : '';
  }
}
