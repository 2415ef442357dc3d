import type { RunEvent } from '../../run/events';
import type { ProgressOptions } from './screen';

export type { ProgressOptions } from './screen';

/**
 * Shows the progress of a run until it ends: on a terminal one live line per task class, elsewhere plain lines.
 *
 * @example
 * const run = runner.start(ScoreModel, { path: 'penguins.csv' });
 * await showProgress(run.events);
 * console.log(await run.result);
 */
export function showProgress(events: AsyncIterable<RunEvent>, options: ProgressOptions = {}): Promise<void> {
  const { drawProgress } = require('./draw-progress') as typeof import('./draw-progress');
  return drawProgress(events, options);
}
