import type { RunEvent } from '../../run/events';
import { toOneLine } from '../one-line';
import { describeCounts, settledCount, totalLine } from './lines';
import { RunProgress } from './run-progress';
import type { ProgressOptions, ProgressStream, Screen } from './screen';
import { TerminalScreen } from './terminal';

const lineInterval = 10_000;

/** Progress for files and logs: one line per completed class, and one for the whole run every 10 seconds. */
class PlainLines implements Screen {
  readonly interval = 250;
  readonly #stream: ProgressStream;
  /** The number of settled tasks of each class in its last line. */
  readonly #reported = new Map<string, number>();
  #lastLineAt: number | undefined;

  constructor(stream: ProgressStream) {
    this.#stream = stream;
  }

  draw(progress: RunProgress, now: number): void {
    const lines = [...progress.drainMessages()];
    for (const one of progress.classes.values()) {
      const told = this.#reported.get(one.task);
      // Results may add tasks to a class that seemed complete, so it may get another line at the end.
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

/** Draws the progress of a run until its events end. */
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
  // Shorter than the interval, so that a frame is at most a quarter of an interval late.
  const timer = setInterval(() => drawIfDue(Date.now()), screen.interval / 4);
  timer.unref();
  try {
    for await (const batch of inBatches(events)) {
      for (const event of batch) {
        progress.record(event);
        // Timers do not fire while short tasks keep the event loop busy.
        drawIfDue(event.time);
      }
    }
  } finally {
    clearInterval(timer);
    if (progress.startedAt !== undefined) draw(Date.now());
  }
}

/** Reads events in batches, if their source supports that. */
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
