import {
  assertLegacyDecorator,
  assertOnProperty,
  declare,
  ownDeclaration,
  type RequirementSource,
} from './declaration';
import { isTaskDirectoryClass, type TaskDirectory } from './directory';
import { DeclarationError } from './errors';
import type {
  Built,
  EnableExperimentalDecorators,
  NeedsParentheses,
  NoPublicProperty,
  OutputOf,
  ParamsOf,
  ResultDoesNotFit,
  UnknownParam,
} from './output';
import type { IsAny, RunnableTask, TaskClass } from './task-class';

type CanFill<Target, K, Out, Unknown = never, Known = never> = [Target] extends [undefined]
  ? EnableExperimentalDecorators
  : [Unknown] extends [never]
    ? K extends keyof Target
      ? IsAny<Out> extends true
        ? Target
        : [Out] extends [Target[K]]
          ? Target
          : ResultDoesNotFit<K, Target[K], Out>
      : NoPublicProperty<K, Target>
    : UnknownParam<Unknown, Known>;

/**
 * Makes a property a requirement, filled with the results of other tasks before `run`.
 *
 * - `@Requires(Load)`: that task; it inherits params that both classes declare, by name.
 * - `@Requires(Load, (self) => ({ split: 'test' }))`: with these params over the inherited ones.
 * - `@Requires((self) => self.seeds.map((seed) => task(Train, { seed })))`: any structure of refs.
 * - `@Requires(() => Load)`: a class declared later.
 * - `@Requires(TaskDirectory)`: an empty folder for this task alone.
 * - `@Requires()`: the only task that `produces` the property's type, or a `TaskDirectory`.
 *
 * Functions are called while planning, when only params are set.
 */
// The order matters: the first overload that matches an arrow function fixes its type, so the one with `const D` is first.
export function Requires<const D, Self = any>(
  structure: (self: Self) => D,
): <K extends PropertyKey>(target: CanFill<Self, K, Built<D>>, key: K) => void;
export function Requires(
  directory: typeof TaskDirectory,
): <Target, K extends PropertyKey>(target: CanFill<Target, K, TaskDirectory>, key: K) => void;
export function Requires(): <Target, K extends PropertyKey>(target: CanFill<Target, K, never>, key: K) => void;
export function Requires<T extends RunnableTask>(
  cls: TaskClass<T>,
): <Target, K extends PropertyKey>(target: CanFill<Target, K, OutputOf<T>>, key: K) => void;
export function Requires<T extends RunnableTask, const P extends object & ParamsOf<T>, Self = any>(
  cls: TaskClass<T> | (() => TaskClass<T>),
  params: (self: Self) => P,
): <K extends PropertyKey>(
  target: CanFill<Self, K, OutputOf<T>, Exclude<keyof P, keyof ParamsOf<T>>, keyof ParamsOf<T>>,
  key: K,
) => void;
export function Requires(missing: object, parentheses: PropertyKey): NeedsParentheses;
export function Requires(...given: unknown[]): any {
  assertLegacyDecorator('@Requires', given);
  if (typeof given[1] === 'string' || typeof given[1] === 'symbol') {
    throw new DeclarationError(`write @Requires(…) with parentheses (on ${String(given[1])})`);
  }
  return (...at: unknown[]) => {
    assertOnProperty('@Requires(…)', at);
    const [prototype, property] = at as [object, PropertyKey];
    declare(prototype, property, { kind: 'requirement', source: sourceOf(given, prototype, property) });
  };
}

function sourceOf(given: readonly unknown[], prototype: object, property: PropertyKey): RequirementSource {
  const [what, params] = given as [any, any];
  if (given.length === 0) {
    return { from: 'property-type', type: Reflect.getMetadata('design:type', prototype, property as string) };
  }
  if (typeof what !== 'function' || (params !== undefined && typeof params !== 'function')) {
    const name = `${prototype.constructor.name}.${String(property)}`;
    throw new DeclarationError(
      what === undefined
        ? `@Requires(undefined) on ${name}: the class is not initialised yet. Circular imports need @Requires(() => Class)`
        : `@Requires on ${name} takes a task class or a function, then a function that returns params; it received ${typeof what}${given.length > 1 ? ` and ${typeof params}` : ''}`,
    );
  }
  if (isTaskDirectoryClass(what)) {
    if (given.length === 1) return { from: 'directory' };
    throw new DeclarationError(
      `@Requires(TaskDirectory) on ${prototype.constructor.name}.${String(property)} takes no params`,
    );
  }
  if (isClass(what)) return { from: 'class', cls: what as TaskClass, ...(params && { params }) };
  return params ? { from: 'later-class', cls: what, params } : { from: 'structure', map: what };
}

/** True for a class, false for a function that returns a structure. */
export function isClass(value: unknown): value is TaskClass {
  return (
    typeof value === 'function' &&
    value.prototype !== undefined &&
    (ownDeclaration(value) !== undefined || /^class\b/.test(Function.prototype.toString.call(value)))
  );
}
