import { types } from 'node:util';

/** Whether a value is an error, of whatever realm. */
export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error || isDomException(value);
}

/** Whether it is what `signal.throwIfAborted()`, fetch and structuredClone throw. */
export function isDomException(value: unknown): value is DOMException {
  return Object.prototype.toString.call(value) === '[object DOMException]';
}
