import { type ErrorJson, errorToJson, jsonFields } from './base/error-json';
import { escapeControls } from './base/escape-controls';
import { shareClass } from './base/shared-state';

const written = new Set(['name', 'message', 'stack', 'cause', 'errors']);

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

  /**
   * The error for `JSON.stringify`: name, message, stack, the chain of causes, and the error's own fields. Secret params
   * are left out.
   *
   * @example
   * logger.error(JSON.stringify(error)); // {"name":"RunFailedError","message":"…","cause":{"code":"ECONNREFUSED",…},…}
   */
  toJSON(): ErrorJson {
    return errorToJson(this);
  }

  /** The fields of this class, as `toJSON` writes them. */
  [jsonFields](): Readonly<Record<string, unknown>> {
    return Object.fromEntries(Object.entries(this).filter(([name]) => !written.has(name)));
  }
}
