import { shareClass } from '../../base/shared-state';
import { TidemarkError } from '../../error';
import type { TaskKey } from '../../task/context';

/** Somebody else has the lease of a key now, since its owner was silent for too long. Nothing was overwritten. */
export class LeaseLostError extends TidemarkError {
  static {
    shareClass(LeaseLostError, 'LeaseLostError');
  }

  readonly key: TaskKey;

  constructor(key: TaskKey) {
    super(
      `the lease of ${key} was lost: this process was stopped, or could not reach the storage, for longer than the lease lasts, and another process computes it now; its result is used. If that happens often, raise the storage option lease.expiresAfter`,
    );
    this.key = key;
  }
}
