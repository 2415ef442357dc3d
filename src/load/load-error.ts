import { TidemarkError } from '../base/error';
import { shareClass } from '../base/shared-state';

/** A file of the user's could not be loaded: it does not compile, throws, or says what it cannot. */
export class LoadError extends TidemarkError {
  static {
    shareClass(LoadError, 'LoadError');
  }

  /** The file's path. */
  readonly file: string;
  /** What is wrong with it. */
  readonly reason: string;

  constructor(file: string, reason: string, cause?: unknown) {
    super(`cannot load ${file}: ${reason}`, cause === undefined ? undefined : { cause });
    this.file = file;
    this.reason = reason;
  }
}
