import { type Awaitable, andThen } from '../base/awaitable';
import type { CheckedContainer, Container } from '../task/container';
import { DeclarationError } from '../task/errors';

type Class<T> = new (...services: any[]) => T;

/** A container that refuses what would mix up tasks: an instance that it has given before, or none at all. */
export function requireFreshInstances(container: Container): Container & Partial<CheckedContainer> {
  const { refuse } = container as Partial<CheckedContainer>;
  return {
    resolve: <T extends object>(cls: Class<T>): Awaitable<T> =>
      andThen(container.resolve(cls), (instance) => marked(instance, cls)),
    ...(refuse && { refuse }),
  };
}

function marked<T extends object>(instance: T, cls: Class<T>): T {
  if (typeof instance !== 'object' || instance === null)
    throw new DeclarationError(`the container gave ${String(instance)} for ${cls.name}`);
  if (Mark.isOn(instance)) {
    throw new DeclarationError(
      `the container gave the same instance twice for ${cls.name}; a task needs a new one each time: make the class transient, and do not put @Service() on it`,
    );
  }
  new Mark(instance);
  return instance;
}

class ReturnsItself {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: so that the fields of a subclass are put on that object
    return object;
  }
}

/** Leaves a private field on an object; a WeakSet would cost more than a small task does. */
class Mark extends ReturnsItself {
  readonly #isMarked = true;

  static isOn(object: object): boolean {
    return #isMarked in object && object.#isMarked;
  }
}
