import { builtInName, isUrlPrototype } from '../base/built-in-classes';
import { TidemarkError } from '../base/error';
import { sharedState } from '../base/shared-state';
import { showValue } from '../base/show';

/** How instances of a class are encoded. */
export interface TypeCodec<T> {
  /** Names the class in what is saved; keep it when the class is renamed. */
  readonly name: string;
  /** What an instance is made of: any value that can be saved, registered classes included. */
  readonly encode: (value: T) => unknown;
  /** An instance that is the same as the one that was encoded. Nothing checks it. */
  readonly decode: (data: any) => T;
  /**
   * Whether instances never change, so that all tasks that receive a result may share them. Others are copied for
   * each task, by `encode` and `decode`.
   *
   * @default false
   */
  readonly isImmutable?: boolean;
}

/** A class whose instances can be part of results. */
export interface RegisteredType extends TypeCodec<any> {
  readonly Class: Function;
}

/** The registered classes: the same for all copies of this package. */
const { byPrototype, byName } = sharedState('types', () => ({
  byPrototype: new WeakMap<object, RegisteredType>(),
  byName: new Map<string, RegisteredType>(),
}));

/** Copies of this package register their own classes, each under the same name. */
const ownPrefix = 'tidemark.';

/** Classes whose objects are saved as they are. */
const nativeClasses = new Set<string | undefined>(
  'Object Array Map Set Date RegExp URL ArrayBuffer DataView Buffer Error EvalError RangeError ReferenceError SyntaxError TypeError URIError Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float32Array Float64Array BigInt64Array BigUint64Array'.split(
    ' ',
  ),
);

/**
 * Teaches the encoders `cbor` and `v8` a class: its instances may be anywhere in results. Subclasses are classes
 * of their own. A program that loads such results has to register the class as well.
 *
 * @example
 * class Point {
 *   constructor(readonly x: number, readonly y: number) {}
 * }
 * registerType(Point, { name: 'Point', encode: ({ x, y }) => [x, y], decode: ([x, y]) => new Point(x, y) });
 *
 * @throws {TidemarkError} when another class has this name, or Tidemark knows the class anyway
 */
export function registerType<T extends object>(cls: abstract new (...args: any[]) => T, codec: TypeCodec<T>): void {
  const prototype: unknown = typeof cls === 'function' ? cls.prototype : undefined;
  if (typeof prototype !== 'object' || prototype === null)
    throw new TidemarkError(`registerType needs a class; it was given ${showValue(cls)}`);
  const { name, encode, decode, isImmutable = false } = codec;
  if (typeof name !== 'string' || name === '')
    throw new TidemarkError(`registerType(${cls.name}) needs a name, under which the type is saved`);
  if (typeof encode !== 'function' || typeof decode !== 'function')
    throw new TidemarkError(`registerType(${cls.name}) needs two functions, encode and decode`);
  if (isNative(prototype))
    throw new TidemarkError(`${cls.name} needs no registerType: Tidemark saves its objects as they are`);
  const before = byName.get(name);
  if (before !== undefined && before.Class.name !== cls.name)
    throw new TidemarkError(
      `the class ${cls.name} cannot be registered as ${JSON.stringify(name)}: ${before.Class.name} already is; give it another name`,
    );
  // The same class again, as hot reload and test runners do it: the last one answers to the name.
  if (before !== undefined && !name.startsWith(ownPrefix)) byPrototype.delete(before.Class.prototype as object);
  const type: RegisteredType = { Class: cls, name, encode, decode, isImmutable };
  byPrototype.set(prototype, type);
  byName.set(name, type);
}

/** How objects with this prototype are encoded, if their class is registered. */
export function registeredTypeOf(prototype: object): RegisteredType | undefined {
  return byPrototype.get(prototype);
}

export function registeredTypeNamed(name: string): RegisteredType | undefined {
  return byName.get(name);
}

function isNative(prototype: object): boolean {
  return prototype === Buffer.prototype || isUrlPrototype(prototype) || nativeClasses.has(builtInName(prototype));
}
