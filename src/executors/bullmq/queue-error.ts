import { TidemarkError } from '../../base/error';
import { shareClass } from '../../base/shared-state';

/** What is known about such a failure besides its message. */
export interface QueueErrorOptions extends ErrorOptions {
  /** @default true */
  readonly mayRetry?: boolean;
}

/** A task could not be brought to a worker, or its answer back: Redis is away, or no worker can run it. */
export class QueueError extends TidemarkError {
  static {
    shareClass(QueueError, 'QueueError');
  }

  /** Whether another attempt may fare better. */
  readonly mayRetry: boolean;

  constructor(message: string, { mayRetry = true, ...options }: QueueErrorOptions = {}) {
    super(message, options);
    this.mayRetry = mayRetry;
  }
}
