import type { RunEvent } from '../../run/events';
import type { ProgressOptions } from './screen';

export type { ProgressOptions } from './screen';

/**
 * Shows how far a run is, until it ends: on a terminal a line a task class, elsewhere plain lines now and then.
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
