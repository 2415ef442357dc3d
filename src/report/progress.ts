import type { RunEvent } from '../run/events';
import type { ProgressOptions } from './progress/options';

export type { ProgressOptions } from './progress/options';

/**
 * Shows how far a run is, until it ends: on a terminal a line a task class, elsewhere plain lines now and then.
 *
 * @example
 * const run = runner.start(ScoreModel, { path: 'penguins.csv' });
 * await showProgress(run.events);
 * console.log(await run.result);
 */
export function showProgress(events: AsyncIterable<RunEvent>, options: ProgressOptions = {}): Promise<void> {
  const { follow } = require('./progress/follow') as typeof import('./progress/follow');
  return follow(events, options);
}
