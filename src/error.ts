import { escapeControls } from './base/escape-controls';
import { shareClass } from './base/shared-state';

/**
 * The class of every error that Tidemark itself throws, so that `catch` can tell them from a task's own.
 *
 * Control characters in its message are visible (`\u001b`): part of it may come from a store, and Node writes messages
 * to terminals as they are.
 */
export class TidemarkError extends Error {
  static {
    shareClass(TidemarkError, 'TidemarkError');
  }

  constructor(message?: string, options?: ErrorOptions) {
    super(message === undefined ? undefined : escapeControls(message), options);
  }

  override get name(): string {
    return this.constructor.name;
  }
}
