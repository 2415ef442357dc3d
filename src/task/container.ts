import type { Awaitable } from '../awaitable';
import { isInstance } from '../base/describe-error';
import { DeclarationError } from './declaration-error';
import { isOf } from './service-params';
import { servicesOf } from './services';
import type { TaskClass } from './task-class';
import { injections, typedi } from './typedi';

/**
 * Makes instances of task classes: the one method that a dependency injection container needs here.
 *
 * @example
 * const runner = new Runner({ container: { resolve: (cls) => moduleRef.create(cls) } }); // NestJS
 */
export interface Container {
  /** A new instance, each time, with its services. */
  resolve<T extends object>(cls: new (...services: any[]) => T): Awaitable<T>;
}

/** A container that knows from a class's declaration whether it can make it. */
export interface CheckedContainer extends Container {
  /** @throws {DeclarationError} when it cannot make the class, whatever services there are */
  refuse(cls: TaskClass): void;
}

/** typedi's global container. */
export const typediContainer: CheckedContainer = {
  refuse: servicesOf,
  resolve(cls) {
    // A class without services needs no container; it would cost more than a small task.
    if (isPlain(cls as unknown as TaskClass)) return new cls();
    const { Container: Typedi, ServiceNotFoundError } = typedi();
    try {
      return Typedi.get(cls);
    } catch (error) {
      if (!isInstance(error, ServiceNotFoundError)) throw error;
      throw new DeclarationError(`${cls.name} cannot be made: ${error.message.replace(/\s+/g, ' ')}`, { cause: error });
    }
  },
};

const plain = new WeakMap<TaskClass, boolean>();

/** Whether there is nothing to inject into a class, neither by constructor nor by `@Inject()` properties. */
function isPlain(cls: TaskClass): boolean {
  let answer = plain.get(cls);
  if (answer === undefined) {
    const isInjected = ({ object }: { object: object }) => object === cls || isOf(cls, object);
    answer = servicesOf(cls).length === 0 && !injections().some(isInjected);
    plain.set(cls, answer);
  }
  return answer;
}
