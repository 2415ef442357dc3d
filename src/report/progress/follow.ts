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
  const timer = setInterval(() => progress.startedAt !== undefined && draw(Date.now()), screen.interval);
  timer.unref();
  try {
    for await (const event of events) {
      progress.record(event);
      // Timers have to wait while a run of short tasks never lets go of the event loop.
      if (event.time - drawnAt >= screen.interval) draw(event.time);
    }
  } finally {
    clearInterval(timer);
    if (progress.startedAt !== undefined) draw(Date.now());
  }
}

function screenFor({ stream = process.stderr, env = process.env, earlier }: ProgressOptions): Screen {
  const isTerminal = stream.isTTY === true && !isSet(env.CI) && env.TERM !== 'dumb';
  if (!isTerminal) return new PlainLines(stream);
  return new Terminal(stream, { hasColours: !env.NO_COLOR, earlier });
}

function isSet(variable: string | undefined): boolean {
  return variable !== undefined && variable !== '' && variable !== '0' && variable !== 'false';
}
