import type { RunEvent } from '../../run/events';
import type { ProgressOptions } from './options';
import { PlainLines } from './plain-lines';
import { RunProgress } from './run-progress';
import type { Screen } from './screen';
import { Terminal } from './terminal';

/** Draws how far a run is until its events end. */
export async function follow(events: AsyncIterable<RunEvent>, options: ProgressOptions): Promise<void> {
  const progress = new RunProgress(options.plan);
  options.sizes?.then(
    (sizes) => progress.expect(sizes),
    () => {},
  );
  const screen = screenFor(options);
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
  return batches ? batches.call(events) : oneByOne(events);
}

async function* oneByOne(events: AsyncIterable<RunEvent>): AsyncGenerator<readonly RunEvent[]> {
  for await (const event of events) yield [event];
}

function screenFor({ stream = process.stderr, env = process.env, earlier }: ProgressOptions): Screen {
  const isTerminal = stream.isTTY === true && !isSet(env.CI) && env.TERM !== 'dumb';
  if (!isTerminal) return new PlainLines(stream);
  return new Terminal(stream, { hasColours: !env.NO_COLOR, earlier });
}

function isSet(variable: string | undefined): boolean {
  return variable !== undefined && variable !== '' && variable !== '0' && variable !== 'false';
}
