import { types } from 'node:util';
import { builtInName, isSameClass, isUrl, ownKeysOf } from '../../base/built-in-classes';
import { showValue } from '../../base/show';
import { mapValueStep, propertyStep } from '../properties';
import { registeredTypeOf } from '../register-type';
import { bytesOf, isBinary } from './typed-arrays';

/** A difference between a value and its decoded copy. */
export interface ValueDifference {
  /** The path to it, such as `.items[3]`. */
  readonly path: string;
  /** The difference, such as `comes back as 0`. */
  readonly problem: string;
}

/**
 * Compares a value with its decoded copy: contents, classes, order, undefined and missing properties, -0 and NaN. One
 * object may have become several.
 */
export function findDifference(before: unknown, after: unknown): ValueDifference | undefined {
  const comparison = new Comparison();
  const problem = comparison.compare(before, after);
  return problem === undefined ? undefined : { path: comparison.steps.reverse().join(''), problem };
}

class Comparison {
  /** The path from the difference up to the root, innermost step first. */
  readonly steps: string[] = [];
  /** Pairs that were compared, or are being compared: a cycle ends at them. */
  readonly #compared = new Map<object, Set<object>>();

  compare(before: unknown, after: unknown): string | undefined {
    if (typeof before !== 'object' || before === null || typeof after !== 'object' || after === null)
      return Object.is(before, after) ? undefined : `comes back as ${showValue(after)}`;
    if (this.#isCompared(before, after)) return undefined;
    const prototype: object | null = Object.getPrototypeOf(before);
    if (!isSameClass(prototype, Object.getPrototypeOf(after))) return `comes back as ${showValue(after)}`;
    const type = prototype === null ? undefined : registeredTypeOf(prototype);
    if (type !== undefined) return this.compare(type.encode(before), type.encode(after));
    return this.#compareObjects(before, after);
  }

  /** Whether a pair was compared before, or is being compared; records it. */
  #isCompared(before: object, after: object): boolean {
    const others = this.#compared.get(before);
    if (others === undefined) this.#compared.set(before, new Set([after]));
    else if (others.has(after)) return true;
    else others.add(after);
    return false;
  }

  #compareObjects(before: object, after: object): string | undefined {
    if (isBinary(before)) return compareBinaries(before, after as typeof before);
    if (types.isMap(before)) return this.#compareMaps(before, after as Map<unknown, unknown>);
    if (types.isSet(before)) {
      const path = (i: number) => `.values()[${i}]`;
      return this.#compareLists([...before], [...(after as Set<unknown>)], path) ?? this.#compareOwn(before, after);
    }
    if (isDense(before) && isDense(after)) return this.#compareLists(before, after, propertyStep);
    if (internalValue(before) !== internalValue(after)) return `comes back as ${showValue(after)}`;
    return findHiddenState(before) ?? this.#compareOwn(before, after);
  }

  #compareMaps(before: ReadonlyMap<unknown, unknown>, after: ReadonlyMap<unknown, unknown>): string | undefined {
    const keys = [...before.keys()];
    return (
      this.#compareLists(keys, [...after.keys()], (i) => `.keys()[${i}]`) ??
      this.#compareLists([...before.values()], [...after.values()], (i) => mapValueStep(keys[i], i)) ??
      this.#compareOwn(before, after)
    );
  }

  #compareLists(
    before: readonly unknown[],
    after: readonly unknown[],
    step: (index: number) => string,
  ): string | undefined {
    if (before.length !== after.length) return `comes back with ${after.length} items, not ${before.length}`;
    for (let i = 0; i < before.length; i++) {
      const problem = this.compare(before[i], after[i]);
      if (problem !== undefined) return this.#atStep(step(i), problem);
    }
    return undefined;
  }

  /** Compares all own properties of two objects. */
  #compareOwn(before: object, after: object): string | undefined {
    const [keys, keysAfter] = [ownKeysOf(before), ownKeysOf(after)];
    const lost = keys.find((key) => !Object.hasOwn(after, key));
    if (lost !== undefined) return this.#atStep(propertyStep(lost), 'does not come back');
    const added = keysAfter.find((key) => !Object.hasOwn(before, key));
    if (added !== undefined) return this.#atStep(propertyStep(added), 'was not there before');
    if (keys.some((key, i) => key !== keysAfter[i])) return 'comes back with its keys in another order';
    for (const key of keys) {
      const problem = this.#compareProperties(before, after, key);
      if (problem !== undefined) return this.#atStep(propertyStep(key), problem);
    }
    return undefined;
  }

  #compareProperties(before: object, after: object, key: string | symbol): string | undefined {
    // It is an accessor in newer versions of Node.
    if (key === 'stack' && types.isNativeError(before)) return this.compare(before.stack, (after as Error).stack);
    const [property, propertyAfter] = [before, after].map(
      (object) => Object.getOwnPropertyDescriptor(object, key) as PropertyDescriptor,
    ) as [PropertyDescriptor, PropertyDescriptor];
    if (!('value' in property && 'value' in propertyAfter)) return 'is an accessor, not a value';
    if (property.enumerable !== propertyAfter.enumerable) return 'is enumerable only on one side';
    return this.compare(property.value, propertyAfter.value);
  }

  #atStep(step: string, problem: string): string {
    this.steps.push(step);
    return problem;
  }
}

function compareBinaries(
  before: ArrayBufferView | ArrayBuffer,
  after: ArrayBufferView | ArrayBuffer,
): string | undefined {
  if (ArrayBuffer.isView(before) && types.isSharedArrayBuffer(before.buffer))
    return 'is on a SharedArrayBuffer; return a copy';
  const [bytes, bytesAfter] = [bytesOf(before), bytesOf(after)];
  if (Buffer.compare(bytes, bytesAfter) !== 0) return `comes back with other bytes`;
  return undefined;
}

/** Whether an object is an array without holes and without other properties. */
function isDense(object: object): object is unknown[] {
  if (!Array.isArray(object)) return false;
  const keys = Reflect.ownKeys(object);
  const { length } = object;
  return keys.length === length + 1 && (length === 0 || keys[length - 1] === String(length - 1));
}

/** The value of an object that its properties do not show. */
function internalValue(object: object): unknown {
  if (types.isDate(object)) return object.getTime();
  if (types.isRegExp(object)) return String(object);
  return isUrl(object) ? object.href : undefined;
}

/** Built-in classes whose objects can be compared by properties and `internalValue`. */
const openClasses = new Set([
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
/** Source text that declares or uses a private field, also as compilers rewrite it. */
const privateField =
  /(?:^|[\s;{}.*])#[\p{ID_Start}$_][\p{ID_Continue}$]*\s*(?:[=;(}.,)\n]|in\b)|WeakMap|WeakSet|\.set\(this,|_class_?private_?field/iu;

/** The reason why objects of a class cannot be compared by their properties; undefined when they can. */
function findHiddenState(object: object): string | undefined {
  if (types.isProxy(object)) return 'is a Proxy';
  if (isUrl(object)) return undefined;
  for (let at: object | null = Object.getPrototypeOf(object); at !== null; at = Object.getPrototypeOf(at)) {
    const name = builtInName(at);
    if (name !== undefined && !openClasses.has(name)) return `is of the built-in class ${name}; return plain data`;
    const Class: unknown = name === undefined ? at.constructor : undefined;
    if (typeof Class === 'function' && privateField.test(Function.prototype.toString.call(Class)))
      return `is an instance of ${Class.name}, whose private fields cannot be compared; return plain data`;
  }
  return undefined;
}
