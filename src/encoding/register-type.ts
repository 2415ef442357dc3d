import { builtInName, isUrlPrototype } from '../base/built-in-classes';
import { TidemarkError } from '../base/error';
import { sharedState } from '../base/shared-state';
import { showValue } from '../base/show';

/** How instances of a class are encoded. */
export interface TypeCodec<T> {
  /** The name of the class in saved results; keep it when you rename the class. */
  readonly name: string;
  /** Gives the data of an instance: any value that can be saved, registered classes included. */
  readonly encode: (value: T) => unknown;
  /** Creates an instance equal to the encoded one. Nothing verifies this. */
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

/** The registered classes, shared by all copies of this package. */
const { byPrototype, byName } = sharedState('types', () => ({
  byPrototype: new WeakMap<object, RegisteredType>(),
  byName: new Map<string, RegisteredType>(),
}));

/** Prefix of Tidemark's own types, which each copy of this package registers under the same name. */
const ownPrefix = 'tidemark.';

/** Classes that need no registration. */
const nativeClasses = new Set<string | undefined>(
  'Object Array Map Set Date RegExp URL ArrayBuffer DataView Buffer Error EvalError RangeError ReferenceError SyntaxError TypeError URIError Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float32Array Float64Array BigInt64Array BigUint64Array'.split(
    ' ',
  ),
);

/**
 * Makes the serializers `cbor` and `v8` support a class: its instances may be anywhere in results. Register subclasses
 * separately. A program that loads such results must register the class as well.
 *
 * @example
 * class Point {
 *   constructor(readonly x: number, readonly y: number) {}
 * }
 * registerType(Point, { name: 'Point', encode: ({ x, y }) => [x, y], decode: ([x, y]) => new Point(x, y) });
 *
 * @throws {TidemarkError} when another class has this name, or the class needs no registration
 */
export function registerType<T extends object>(cls: abstract new (...args: any[]) => T, codec: TypeCodec<T>): void {
  const prototype: unknown = typeof cls === 'function' ? cls.prototype : undefined;
  if (typeof prototype !== 'object' || prototype === null)
    throw new TidemarkError(`registerType needs a class, but received ${showValue(cls)}`);
  const { name, encode, decode, isImmutable = false } = codec;
  if (typeof name !== 'string' || name === '')
    throw new TidemarkError(`registerType(${cls.name}) needs a name for saved results`);
  if (typeof encode !== 'function' || typeof decode !== 'function')
    throw new TidemarkError(`registerType(${cls.name}) needs the functions encode and decode`);
  if (isNative(prototype))
    throw new TidemarkError(`${cls.name} needs no registerType: Tidemark saves its objects as they are`);
  const before = byName.get(name);
  if (before !== undefined && before.Class.name !== cls.name)
    throw new TidemarkError(
      `the class ${cls.name} cannot be registered as ${JSON.stringify(name)}: ${before.Class.name} already is; give it another name`,
    );
  // Hot reload and test runners register the same class again: the last one wins.
  if (before !== undefined && !name.startsWith(ownPrefix)) byPrototype.delete(before.Class.prototype as object);
  const type: RegisteredType = { Class: cls, name, encode, decode, isImmutable };
  byPrototype.set(prototype, type);
  byName.set(name, type);
}

/** The registered type of objects with this prototype. */
export function registeredTypeOf(prototype: object): RegisteredType | undefined {
  return byPrototype.get(prototype);
}

export function registeredTypeNamed(name: string): RegisteredType | undefined {
  return byName.get(name);
}

function isNative(prototype: object): boolean {
  return prototype === Buffer.prototype || isUrlPrototype(prototype) || nativeClasses.has(builtInName(prototype));
}
