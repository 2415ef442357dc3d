import { oneLine } from '../one-line';
import { countOf, countsOf, totalLine } from './lines';
import type { RunProgress } from './run-progress';
import type { ProgressStream, Screen } from './screen';

const betweenLines = 10_000;

/** Plain lines for files and logs: each class once it is complete, and how far the run is every 10 seconds. */
export class PlainLines implements Screen {
  readonly interval = 250;
  readonly #stream: ProgressStream;
  /** How many of each class were over when that was told. */
  readonly #told = new Map<string, number>();
  #last: number | undefined;

  constructor(stream: ProgressStream) {
    this.#stream = stream;
  }

  draw(progress: RunProgress, now: number): void {
    const lines = [...progress.takeLines()];
    for (const one of progress.classes.values()) {
      const told = this.#told.get(one.task);
      // Results may bring more of a class that seemed complete: the last word is said at the end.
      const isOver = progress.summary ? one.over > 0 : one.isComplete && told === undefined;
      if (!isOver || told === one.over) continue;
      this.#told.set(one.task, one.over);
      lines.push(`${one.task} ${countOf(one)}: ${inWords(one)}`);
    }
    this.#last ??= progress.startedAt ?? now;
    if (progress.summary) lines.push(`finished after ${totalLine(progress)}`);
    else if (now - this.#last >= betweenLines) {
      this.#last = now;
      lines.push(`after ${totalLine(progress, now)}`);
    }
    if (lines.length > 0) this.#stream.write(lines.map((line) => `${oneLine(line)}\n`).join(''));
  }
}

function inWords(one: Parameters<typeof countsOf>[0]): string {
  return countsOf(one)
    .map(({ text }) => text)
    .join(', ');
}
