import { isSameClass } from '../base/built-in-name';
import { binaryOver, bytesOf, kindOf } from './raw';
import { replaceParts } from './replace-parts';

/**
 * Copies the typed arrays in a value that lie in more memory than they take: many decoders make views of all the
 * bytes that they read from. In place; the value must be nobody else's.
 */
export function ownViews(value: unknown): unknown {
  return replaceParts(value, (object) => {
    if (!ArrayBuffer.isView(object) || object.byteLength === object.buffer.byteLength) return object;
    const copy = binaryOver(kindOf(object), new Uint8Array(bytesOf(object)).buffer);
    return isSameClass(Object.getPrototypeOf(copy), Object.getPrototypeOf(object)) ? copy : object;
  });
}
