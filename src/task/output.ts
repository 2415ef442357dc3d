import type { TaskRef } from './ref';
import type { AnyFunction, IsAny, TaskClass } from './task-class';

/** Types that contain no task refs. */
type Leaf =
  | string
  | number
  | bigint
  | boolean
  | symbol
  | null
  | undefined
  | AnyFunction
  | Date
  | RegExp
  | URL
  | ArrayBufferView
  | ArrayBufferLike
  | PromiseLike<unknown>;

/**
 * The result type of a task: of `Choose` or of `typeof Choose`. Promises are awaited, refs replaced by results.
 *
 * @example
 * type Score = OutputOf<ScoreModel>; // number
 */
export type OutputOf<T> = T extends abstract new (
  ...args: any[]
) => infer I
  ? OutputOf<I>
  : T extends { run(...args: any[]): infer R }
    ? Resolved<Awaited<R>>
    : never;

/** A value as a caller may pass it: arrays may be readonly. */
type Given<V> =
  IsAny<V> extends true
    ? any
    : V extends Leaf | TaskRef<any> | ReadonlyMap<any, any> | ReadonlySet<any>
      ? V
      : V extends object
        ? { readonly [K in keyof V]: Given<V[K]> }
        : V;

/**
 * The params type of a task: its public data properties.
 *
 * @example
 * const params: ParamsOf<TrainModel> = { path: 'penguins.csv', seed: 3 };
 */
export type ParamsOf<T> = {
  readonly [K in keyof T as K extends string
    ? IsAny<T[K]> extends true
      ? K
      : NonNullable<T[K]> extends AnyFunction
        ? never
        : K
    : never]?: Given<T[K]> | undefined;
};

// Limited to six levels: beyond, the compiler would take too long for recursive types.
type HoldsRef<D, Depth extends 0[] = []> =
  IsAny<D> extends true
    ? false
    : Depth['length'] extends 6
      ? false
      : D extends TaskRef<any> | TaskClass
        ? true
        : D extends Leaf
          ? false
          : D extends ReadonlyMap<any, infer V>
            ? HoldsRef<V, [...Depth, 0]>
            : D extends ReadonlySet<infer V>
              ? HoldsRef<V, [...Depth, 0]>
              : D extends readonly (infer E)[]
                ? HoldsRef<E, [...Depth, 0]>
                : D extends object
                  ? HoldsRef<D[keyof D], [...Depth, 0]>
                  : false;

type Replace<D> =
  D extends TaskRef<infer O>
    ? O
    : D extends TaskClass<infer T>
      ? OutputOf<T>
      : D extends Leaf
        ? D
        : D extends Map<infer K, infer V>
          ? Map<K, Resolved<V>>
          : D extends Set<infer V>
            ? Set<Resolved<V>>
            : D extends readonly unknown[]
              ? { -readonly [I in keyof D]: Resolved<D[I]> }
              : D extends object
                ? { [K in keyof D]: Resolved<D[K]> }
                : D;

/** A structure with refs replaced by results. Types without refs stay unchanged: classes with private members would break. */
export type Resolved<D> = IsAny<D> extends true ? any : true extends HoldsRef<D> ? Replace<D> : D;

/** The result of a structure in `@Requires`: a copy, so that arrays written as literals are not readonly. */
export type Built<D> =
  IsAny<D> extends true
    ? any
    : D extends TaskRef<any> | TaskClass | Leaf | ReadonlyMap<any, any> | ReadonlySet<any>
      ? Resolved<D>
      : D extends readonly unknown[]
        ? { -readonly [I in keyof D]: Built<D[I]> }
        : true extends HoldsRef<D>
          ? { [K in keyof D]: Built<D[K]> }
          : D;

// Results of failed conditions on types: the compiler prints the name (the problem) and the only property (the cure).

export interface ResultDoesNotFit<Property, Declared, Result> {
  readonly 'declare the property with the type that is required': [Property, Declared, Result];
}
export interface NoPublicProperty<Property, Class> {
  readonly 'params and requirements are public properties, and self is the class that the decorator is in': [
    Property,
    Class,
  ];
}
export interface NeedsParentheses {
  readonly 'write @Param() and @Requires(…) with parentheses': never;
}
export interface EnableExperimentalDecorators {
  readonly 'set "experimentalDecorators": true in tsconfig.json': never;
}
export interface UnknownParam<Given, Known> {
  readonly 'the required task has no such param': [Given, Known];
}
export interface OptionalNeedsOption<Property> {
  readonly 'a property with ? needs @Param({ optional: true }); one with a default needs no ?': Property;
}
export interface SchemaDoesNotFit<Property, Declared, SchemaGives> {
  readonly 'the schema gives another type than the property has': [Property, Declared, SchemaGives];
}
export interface SchemaRefusesPropertyType<Accepts, Gives> {
  readonly 'a param is passed in as the type of its property, so its schema must accept what it gives': [
    Accepts,
    Gives,
  ];
}
export interface ProducesDoesNotFit<Produces, Returns> {
  readonly 'run() must return what produces names': [Produces, Returns];
}
export interface ServicesDoNotFit<Given, Constructor> {
  readonly 'services lists the classes of the constructor parameters, in order': [Given, Constructor];
}
