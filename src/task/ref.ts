import { describeIncompatibility, layout, shareClass } from '../base/shared-state';
import { DeclarationError } from './errors';
import type { TaskClass } from './task-class';

declare const output: unique symbol;

type At<V, K> =
  V extends ReadonlyMap<infer MK, infer MV>
    ? K extends MK
      ? MV
      : never
    : V extends unknown
      ? K extends keyof V
        ? Exclude<V[K], undefined>
        : never
      : never;
type KeyIn<V> =
  V extends ReadonlyMap<infer MK, any>
    ? MK & (string | number)
    : V extends readonly unknown[]
      ? number extends V['length']
        ? number
        : TupleIndex<V>
      : V extends object
        ? keyof V & (string | number)
        : never;
type TupleIndex<V extends readonly unknown[]> =
  Extract<keyof V, `${number}`> extends `${infer N extends number}` ? N : never;
type Of<R extends TaskRef<any>> = R[typeof output];

/** The path from a result to a part of it. */
export type PartPath = readonly (string | number)[];

const whole: PartPath = Object.freeze([]);

/** A task with its params, not yet run. It is data: a param, a requirement or part of a structure. */
export class TaskRef<out Out> {
  static {
    shareClass(TaskRef, 'task-ref');
  }

  declare readonly [output]: Out;
  readonly task: TaskClass;
  readonly params: Readonly<Record<string, unknown>>;
  /** The referenced part of the result; empty for the whole. */
  readonly path: PartPath;

  private constructor(cls: TaskClass, params: Readonly<Record<string, unknown>>, path: PartPath) {
    this.task = cls;
    this.params = params;
    this.path = path;
  }

  /**
   * A ref to a part of the result.
   *
   * @example
   * task(LoadSplits, { path }).at('train', 0); // the first of the training examples
   */
  at<S extends TaskRef<any>, A extends KeyIn<Of<S>>>(this: S, a: A): TaskRef<At<Of<S>, A>>;
  at<S extends TaskRef<any>, A extends KeyIn<Of<S>>, B extends KeyIn<At<Of<S>, A>>>(
    this: S,
    a: A,
    b: B,
  ): TaskRef<At<At<Of<S>, A>, B>>;
  at<
    S extends TaskRef<any>,
    A extends KeyIn<Of<S>>,
    B extends KeyIn<At<Of<S>, A>>,
    C extends KeyIn<At<At<Of<S>, A>, B>>,
  >(this: S, a: A, b: B, c: C): TaskRef<At<At<At<Of<S>, A>, B>, C>>;
  at(this: TaskRef<any>, ...steps: (string | number)[]): TaskRef<any> {
    for (const step of steps) {
      if (typeof step !== 'string' && typeof step !== 'number') {
        throw new DeclarationError(`.at(…) takes names and indices, not ${String(step)}`);
      }
    }
    return new TaskRef(this.task, this.params, Object.freeze([...this.path, ...steps]));
  }

  /** For `JSON.stringify`: omits the values of secrets. */
  toJSON(): { readonly task: string; readonly params: Readonly<Record<string, unknown>>; readonly path?: PartPath } {
    const params = Object.entries(this.params).map(([name, value]) => [
      name,
      isSecretParam(this.task, name) ? '(secret)' : value,
    ]);
    const { path } = this;
    return { task: this.task.name, params: Object.fromEntries(params), ...(path.length > 0 && { path }) };
  }

  /** For messages and `console.log`: `task(TrainModel, …)`. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    const { path } = this;
    const part = path.length > 0 ? `.at(${path.map((step) => JSON.stringify(step)).join(', ')})` : '';
    return `task(${this.task.name}${Object.keys(this.params).length > 0 ? ', …' : ''})${part}`;
  }

  /** @internal */
  static create(cls: TaskClass, params: Readonly<Record<string, unknown>>): TaskRef<unknown> {
    return new TaskRef(cls, params, whole);
  }
}

/** The property with the declaration of a class, read here directly: importing declaration.ts would be circular. */
const declaration = Symbol.for('tidemark.declaration');
interface Declared {
  readonly members: ReadonlyMap<string, { readonly options?: { readonly secret?: boolean } }>;
}

/** True if the class, or the nearest base class that declares the param, marks it as secret. */
function isSecretParam(cls: unknown, name: string): boolean {
  for (let at = cls; typeof at === 'function'; at = Object.getPrototypeOf(at)) {
    const own: Declared | undefined = Object.hasOwn(at, declaration) ? (at as any)[declaration] : undefined;
    const member = own?.members.get(name);
    if (member) return member.options?.secret === true;
  }
  return false;
}

const brand = Symbol.for('tidemark.task-ref');

/**
 * True for a task ref, made by this or another copy of the package.
 *
 * @throws {DeclarationError} for a ref of an incompatible copy
 */
export function isTaskRef(value: unknown): value is TaskRef<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const found = (value as { [brand]?: unknown })[brand];
  if (found === undefined) return false;
  if (found !== layout) throw new DeclarationError(`a task ref cannot be used: ${describeIncompatibility()}`);
  return true;
}
