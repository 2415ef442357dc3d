import { types } from 'node:util';
import { builtInName } from '../../base/built-in-classes';

const classNames =
  'Object Array Map Set Date RegExp ArrayBuffer Error EvalError RangeError ReferenceError SyntaxError TypeError URIError';
/** Prototypes of the classes of this realm, by name. */
let ownPrototypes: ReadonlyMap<string, object> | undefined;

/**
 * Gives objects that Node's own modules created the prototypes of the realm of this code.
 *
 * The two realms differ only in Jest and in `vm` contexts, where a decoded Map would not be `instanceof Map`.
 */
export function fixPrototypes(value: unknown): unknown {
  if (!isForeign(value)) return value;
  const objects = new Set<object>();
  const add = (item: unknown): void => {
    if (typeof item === 'object' && item !== null && !ArrayBuffer.isView(item)) objects.add(item);
  };
  add(value);
  for (const object of objects) {
    if (types.isMap(object)) {
      for (const [key, item] of object) {
        add(key);
        add(item);
      }
    } else if (types.isSet(object)) {
      for (const item of object) add(item);
    } else {
      for (const key of Reflect.ownKeys(object)) add((object as Record<string | symbol, unknown>)[key]);
    }
    Object.setPrototypeOf(object, ownPrototype(object));
  }
  return value;
}

function isForeign(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !(value instanceof Object);
}

function ownPrototype(object: object): object | null {
  const prototype: object | null = Object.getPrototypeOf(object);
  const name = prototype === null ? undefined : builtInName(prototype);
  ownPrototypes ??= new Map(classNames.split(' ').flatMap(prototypesOf));
  return (name === undefined ? undefined : ownPrototypes.get(name)) ?? prototype;
}

/** The prototype of the built-in class of this name, even when the global was replaced. */
function prototypesOf(name: string): [string, object][] {
  const Class = (globalThis as Record<string, unknown>)[name];
  const chain: object[] = [];
  let at: object | null = typeof Class === 'function' ? (Class.prototype as object | null) : null;
  for (; at !== null; at = Object.getPrototypeOf(at) as object | null) chain.push(at);
  const found = chain.findLast((prototype) => builtInName(prototype) === name);
  return found === undefined ? [] : [[name, found]];
}
