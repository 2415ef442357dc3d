import { TidemarkError } from '../base/error';
import { shareClass } from '../base/shared-state';

/** Thrown when a file of the program cannot be loaded: it does not compile, throws, or has invalid content. */
export class LoadError extends TidemarkError {
  static {
    shareClass(LoadError, 'LoadError');
  }

  /** The path of the file. */
  readonly file: string;
  /** The problem. */
  readonly reason: string;

  constructor(file: string, reason: string, cause?: unknown) {
    super(`cannot load ${file}: ${reason}`, cause === undefined ? undefined : { cause });
    this.file = file;
    this.reason = reason;
  }
}
