import type { Awaitable } from '../awaitable';
import { isInstance } from '../base/describe-error';
import { nodeRequire } from '../base/node-require';
import { DeclarationError } from './declaration-error';
import { injectorOf } from './injector';
import { isOf } from './service-params';
import { servicesOf } from './services';
import type { TaskClass } from './task-class';

/**
 * Makes instances of task classes: the one method that a dependency injection container needs here.
 *
 * @example
 * const runner = new Runner({ container: { resolve: (cls) => moduleRef.create(cls) } }); // NestJS
 */
export interface Container {
  /** A new instance, each time, with its services. */
  resolve<T extends object>(cls: new (...services: any[]) => T): Awaitable<T>;
  /**
   * Releases what its services hold. Workers call it at their end, on the container that the file of their option
   * `container` exports; a runner leaves the container that it was given open.
   */
  close?(): Awaitable<unknown>;
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
    const { Container: Typedi, ServiceNotFoundError } = injectorOf(cls).typedi();
    try {
      return Typedi.get(cls);
    } catch (error) {
      if (!isInstance(error, ServiceNotFoundError)) throw error;
      const reason = error.message.replace(/\s+/g, ' ');
      throw new DeclarationError(`${cls.name} cannot be made: ${reason}${severalContainers()}`, { cause: error });
    }
  },
};

const plain = new WeakMap<TaskClass, boolean>();

/** Whether there is nothing to inject into a class, neither by constructor nor by `@Inject()` properties. */
function isPlain(cls: TaskClass): boolean {
  let answer = plain.get(cls);
  if (answer === undefined) {
    const isInjected = ({ object }: { object: object }) => object === cls || isOf(cls, object);
    answer = servicesOf(cls).length === 0 && !injectorOf(cls).injections().some(isInjected);
    plain.set(cls, answer);
  }
  return answer;
}

/** A remark when a service may be registered in another copy of typedi than the one that was asked. */
function severalContainers(): string {
  const loaded = Object.keys(nodeRequire.cache).flatMap(
    (file) => /^.*[\\/]node_modules[\\/]typedi(?=[\\/])/.exec(file) ?? [],
  );
  const folders = [...new Set(loaded)];
  if (folders.length < 2) return '';
  return ` (there are ${folders.length} copies of typedi, each with services of its own: ${folders.join(', ')}; make them one with \`npm dedupe\`, or give the runner a container)`;
}
