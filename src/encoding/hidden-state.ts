import { types } from 'node:util';
import { builtInName, isUrl } from '../base/built-in-name';

/** The built-in classes whose objects have nothing that properties do not show. */
const OPEN = new Set([
  'Object',
  'Array',
  'Date',
  'RegExp',
  'Error',
  'AggregateError',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
]);
/** Declares or uses a private field, or what compilers make of one. */
const PRIVATE =
  /(?:^|[\s;{}.*])#[\p{ID_Start}$_][\p{ID_Continue}$]*\s*(?:[=;(}.,)\n]|in\b)|WeakMap|WeakSet|\.set\(this,|_class_?private_?field/iu;

/** Why two objects of this class cannot be compared by their properties; undefined when they can. */
export function hiddenState(object: object): string | undefined {
  if (types.isProxy(object)) return 'is a Proxy';
  if (isUrl(object)) return undefined;
  for (let at: object | null = Object.getPrototypeOf(object); at !== null; at = Object.getPrototypeOf(at)) {
    const name = builtInName(at);
    if (name !== undefined && !OPEN.has(name)) return `is of the built-in class ${name}; return plain data`;
    const Class: unknown = name === undefined ? at.constructor : undefined;
    if (typeof Class === 'function' && PRIVATE.test(Function.prototype.toString.call(Class)))
      return `is an instance of ${Class.name}, whose private fields cannot be compared; return plain data`;
  }
  return undefined;
}
