import type { Awaitable } from '../awaitable';
import { isInstance } from '../base/describe-error';
import { nodeRequire } from '../base/node-require';
import { DeclarationError } from './declaration-error';
import { injectorOf } from './injector';
import { isOf } from './service-params';
import { servicesOf } from './services';
import type { TaskClass } from './task-class';

/**
 * Makes instances of task classes: the one method that Tidemark needs of a dependency injection container.
 *
 * @example
 * const runner = new Runner({ container: { resolve: (cls) => moduleRef.create(cls) } }); // NestJS
 */
export interface Container {
  /** A new instance at each call, with its services. */
  resolve<T extends object>(cls: new (...services: any[]) => T): Awaitable<T>;
  /**
   * Releases the resources of services. Workers call it when they end, on the container exported by the file of their
   * option `container`. A runner does not close its container.
   */
  close?(): Awaitable<unknown>;
}

/** A container that can check a class declaration without making an instance. */
export interface CheckedContainer extends Container {
  /** @throws {DeclarationError} if it cannot make the class, whichever services are registered */
  refuse(cls: TaskClass): void;
}

/** typedi's global container. */
export const typediContainer: CheckedContainer = {
  refuse: servicesOf,
  resolve(cls) {
    // A class without services needs no container, which would cost more than a small task.
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

/** True for a class without injected constructor parameters or `@Inject()` properties. */
function isPlain(cls: TaskClass): boolean {
  let answer = plain.get(cls);
  if (answer === undefined) {
    const isInjected = ({ object }: { object: object }) => object === cls || isOf(cls, object);
    answer = servicesOf(cls).length === 0 && !injectorOf(cls).injections().some(isInjected);
    plain.set(cls, answer);
  }
  return answer;
}

/** A remark if there are several copies of typedi: the service may be registered in another one. */
function severalContainers(): string {
  const loaded = Object.keys(nodeRequire.cache).flatMap(
    (file) => /^.*[\\/]node_modules[\\/]typedi(?=[\\/])/.exec(file) ?? [],
  );
  const folders = [...new Set(loaded)];
  if (folders.length < 2) return '';
  return ` (there are ${folders.length} copies of typedi, each with services of its own: ${folders.join(', ')}; make them one with \`npm dedupe\`, or give the runner a container)`;
}
