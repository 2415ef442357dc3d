import type { RunEvent } from '../../run/events';
import { toOneLine } from '../one-line';
import { describeCounts, settledCount, totalLine } from './lines';
import { RunProgress } from './run-progress';
import type { ProgressOptions, ProgressStream, Screen } from './screen';
import { TerminalScreen } from './terminal';

const lineInterval = 10_000;

/** Plain lines for files and logs: each class once it is complete, and how far the run is every 10 seconds. */
class PlainLines implements Screen {
  readonly interval = 250;
  readonly #stream: ProgressStream;
  /** How many of each class were over when that was told. */
  readonly #reported = new Map<string, number>();
  #lastLineAt: number | undefined;

  constructor(stream: ProgressStream) {
    this.#stream = stream;
  }

  draw(progress: RunProgress, now: number): void {
    const lines = [...progress.drainMessages()];
    for (const one of progress.classes.values()) {
      const told = this.#reported.get(one.task);
      // Results may bring more of a class that seemed complete: the last word is said at the end.
      const isOver = progress.summary ? one.settled > 0 : one.isComplete && told === undefined;
      if (!isOver || told === one.settled) continue;
      this.#reported.set(one.task, one.settled);
      lines.push(`${one.task} ${settledCount(one)}: ${countsInWords(one)}`);
    }
    this.#lastLineAt ??= progress.startedAt ?? now;
    if (progress.summary) lines.push(`finished after ${totalLine(progress)}`);
    else if (now - this.#lastLineAt >= lineInterval) {
      this.#lastLineAt = now;
      lines.push(`after ${totalLine(progress, now)}`);
    }
    if (lines.length > 0) this.#stream.write(lines.map((line) => `${toOneLine(line)}\n`).join(''));
  }
}

function countsInWords(one: Parameters<typeof describeCounts>[0]): string {
  return describeCounts(one)
    .map(({ text }) => text)
    .join(', ');
}

/** Draws how far a run is until its events end. */
export async function drawProgress(events: AsyncIterable<RunEvent>, options: ProgressOptions): Promise<void> {
  const progress = new RunProgress(options.plan);
  options.sizes?.then(
    (sizes) => progress.setSizes(sizes),
    () => {},
  );
  const screen = chooseScreen(options);
  let drawnAt = 0;
  const draw = (now: number) => {
    drawnAt = now;
    screen.draw(progress, now);
  };
  const drawIfDue = (now: number) => {
    if (progress.startedAt !== undefined && now - drawnAt >= screen.interval) draw(now);
  };
  // More often than it is due, so that it is not a whole interval late when events have just drawn it.
  const timer = setInterval(() => drawIfDue(Date.now()), screen.interval / 4);
  timer.unref();
  try {
    for await (const batch of inBatches(events)) {
      for (const event of batch) {
        progress.record(event);
        // Timers have to wait while a run of short tasks never lets go of the event loop.
        drawIfDue(event.time);
      }
    }
  } finally {
    clearInterval(timer);
    if (progress.startedAt !== undefined) draw(Date.now());
  }
}

/** Events as many at a time as there are, where their source can give them so. */
function inBatches(events: AsyncIterable<RunEvent>): AsyncIterable<readonly RunEvent[]> {
  const { batches } = events as { batches?: () => AsyncIterable<readonly RunEvent[]> };
  return batches ? batches.call(events) : singleEvents(events);
}

async function* singleEvents(events: AsyncIterable<RunEvent>): AsyncGenerator<readonly RunEvent[]> {
  for await (const event of events) yield [event];
}

function chooseScreen({ stream = process.stderr, env = process.env, earlier }: ProgressOptions): Screen {
  const isTerminal = stream.isTTY === true && !isSet(env.CI) && env.TERM !== 'dumb';
  if (!isTerminal) return new PlainLines(stream);
  return new TerminalScreen(stream, { hasColours: !env.NO_COLOR, earlier });
}

function isSet(variable: string | undefined): boolean {
  return variable !== undefined && variable !== '' && variable !== '0' && variable !== 'false';
}
