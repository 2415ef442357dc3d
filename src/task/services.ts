import { DeclarationError } from './declaration-error';
import { injectorOf } from './injector';
import type { TaskClass } from './task-class';

/**
 * The classes of a task's constructor parameters, from the types that the compiler emitted or from `services`.
 *
 * Containers pass undefined or themselves for a missing type, so missing types are an error here.
 *
 * @throws {DeclarationError} for a parameter whose type is not an injectable class
 */
export function servicesOf(cls: TaskClass): readonly unknown[] {
  for (let at: Function = cls; typeof at === 'function' && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    const types: readonly unknown[] | undefined = Reflect.getOwnMetadata('design:paramtypes', at);
    // Parameters with defaults are not counted in `length`: they may have any type.
    if (types) return types.map((type, index) => (index < at.length ? checked(cls, at, type, index) : type));
    if (at.length > 0) {
      throw new DeclarationError(
        `${cls.name} takes services in ${at === cls ? 'its constructor' : `the constructor of ${at.name}`}, but the compiler emitted no types for it. Name them: @Task({ services: [${Array.from({ length: at.length }, () => '…').join(', ')}] })${at === cls ? '' : `, or decorate ${at.name} with @Service()`}`,
      );
    }
  }
  return [];
}

const noClasses = new Set<unknown>([
  undefined,
  Object,
  String,
  Number,
  Boolean,
  BigInt,
  Symbol,
  Array,
  Function,
  Promise,
]);

function checked(cls: TaskClass, declaredBy: Function, type: unknown, index: number): unknown {
  const isInjected = injectorOf(cls)
    .injections()
    .some(({ object, index: at }) => at === index && (object === cls || object === declaredBy));
  if (noClasses.has(type) && !isInjected) {
    const what =
      typeof type === 'function'
        ? `its type is ${type.name}, an interface or a basic type`
        : 'its type is not there (do the files import each other?)';
    throw new DeclarationError(
      `${cls.name}: no service for parameter ${index + 1} of the constructor: ${what}. Name a class with @Task({ services: […] }) or @Inject()`,
    );
  }
  return type;
}
