import { shareClass } from '../base/shared-state';
import { TidemarkError } from '../error';

/** A job was given back before anything of it ran, since the run starts nothing new. */
export class NotStartedError extends TidemarkError {
  static {
    shareClass(NotStartedError, 'NotStartedError');
  }

  constructor(task: string) {
    super(`${task} was not started: the run starts nothing new`);
  }
}
