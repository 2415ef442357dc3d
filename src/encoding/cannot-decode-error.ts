import { shareClass } from '../base/shared-state';
import { TidemarkError } from '../error';

/** Thrown when bytes may be good, but something is missing here that reading them needs: a key, a codec, a type. */
export class CannotDecodeError extends TidemarkError {
  static {
    shareClass(CannotDecodeError, 'CannotDecodeError');
  }
}
