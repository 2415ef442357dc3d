import { type ErrorJson, errorToJson, jsonFields } from './base/error-json';
import { escapeControls } from './base/escape-controls';
import { shareClass } from './base/shared-state';

const written = new Set(['name', 'message', 'stack', 'cause', 'errors']);

/**
 * The base class of all errors that Tidemark throws, so that `catch` can tell them from errors of tasks.
 *
 * Control characters in the message are escaped (`\u001b`): parts of it may come from a store, and Node writes messages
 * to terminals unchanged.
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
   * are omitted.
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
