import { types } from 'node:util';
import { builtInName, classOfNative, isUrl, newDate } from '../../base/built-in-classes';
import { typedArrayNames, viewPrototypes } from '../serialization/typed-arrays';

/** The kind of an object, which decides how to copy it. */
export type CopyKind = 'map' | 'set' | 'date' | 'regexp' | 'url' | 'error' | 'bytes' | 'other';

const viewNames = new Set<string | undefined>([...typedArrayNames, 'DataView', 'Float16Array']);
const errorNames = new Set<string | undefined>(
  'Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError'.split(' '),
);

/**
 * The kind of an object that is neither a plain object nor an array: `other` for an instance of any class but the
 * built-in ones, for a Proxy, and for shared memory.
 */
export function copyKindOf(object: object, prototype: object): CopyKind {
  if (ArrayBuffer.isView(object)) return isOwnView(object, prototype) ? 'bytes' : 'other';
  if (types.isMap(object)) return builtInName(prototype) === 'Map' ? 'map' : 'other';
  if (types.isSet(object)) return builtInName(prototype) === 'Set' ? 'set' : 'other';
  if (types.isDate(object)) return builtInName(prototype) === 'Date' ? 'date' : 'other';
  if (types.isRegExp(object)) return builtInName(prototype) === 'RegExp' ? 'regexp' : 'other';
  if (types.isArrayBuffer(object)) return builtInName(prototype) === 'ArrayBuffer' ? 'bytes' : 'other';
  if (types.isNativeError(object)) return errorNames.has(builtInName(prototype)) ? 'error' : 'other';
  return isUrl(object) ? 'url' : 'other';
}

function isOwnView(view: ArrayBufferView, prototype: object): boolean {
  if (types.isSharedArrayBuffer(view.buffer)) return false;
  return viewPrototypes.has(prototype) || viewNames.has(builtInName(prototype));
}

/** The size of an object of the kind `bytes`. */
export function byteLengthOf(bytes: object): number {
  return (bytes as ArrayBuffer | ArrayBufferView).byteLength;
}

/** Copies an object that contains no others. */
export function copyLeaf(object: object, kind: 'date' | 'regexp' | 'url' | 'bytes'): object {
  switch (kind) {
    case 'date':
      return withPrototypeOf(newDate((object as Date).getTime()), object);
    case 'regexp': {
      const { source, flags, lastIndex } = object as RegExp;
      const copy = new RegExp(source, flags);
      copy.lastIndex = lastIndex;
      return copy;
    }
    case 'url':
      return new URL((object as URL).href);
    case 'bytes':
      return copyBytes(object as ArrayBuffer | ArrayBufferView);
  }
}

function copyBytes(bytes: ArrayBuffer | ArrayBufferView): object {
  if (!ArrayBuffer.isView(bytes)) return bytes.slice(0);
  if (types.isTypedArray(bytes)) return Uint8Array.prototype.slice.call(bytes);
  return new DataView(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer);
}

/** An error of the same class, with nothing but the stack. */
export function emptyErrorLike(error: Error): Error {
  const prototype: object = Object.getPrototypeOf(error);
  const Class = classOfNative(prototype) as new (first?: unknown) => Error;
  const { stackTraceLimit } = Error;
  // Capturing a stack trace costs more than everything else, and it is replaced.
  Error.stackTraceLimit = 0;
  try {
    const copy = builtInName(prototype) === 'AggregateError' ? new Class([]) : new Class();
    for (const key of Reflect.ownKeys(copy)) Reflect.deleteProperty(copy, key);
    const { stack } = error;
    Object.defineProperty(copy, 'stack', { value: stack, writable: true, configurable: true, enumerable: false });
    return copy;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Gives a copy the class of the original: that of a test clock for Dates, or of another realm. */
function withPrototypeOf(copy: object, original: object): object {
  const prototype: object | null = Object.getPrototypeOf(original);
  if (Object.getPrototypeOf(copy) !== prototype) Object.setPrototypeOf(copy, prototype);
  return copy;
}
