import { type Awaitable, isPromiseLike } from '../base/awaitable';
import { describeCauses, describeError, isInstance } from '../base/describe-error';
import type { Container } from '../task/container';
import type { TaskDefinition } from '../task/definition';
import { DeclarationError } from '../task/errors';
import type { Instance } from '../task/task-class';
import { mutableCopy } from './copy-data';
import type { GraphNode } from './node';

/** A new instance from the container, without params set. */
export function makeInstance(task: TaskDefinition, container: Container): Awaitable<Instance> {
  const fail = (error: unknown): never => {
    if (isInstance(error, DeclarationError)) throw error;
    throw new DeclarationError(
      `${task.name} cannot be instantiated: ${describeError(error)}. Initialisers and constructors see only defaults, not params or requirements: derive values from them in a getter${describeCauses(error, describeError(error))}`,
      { cause: error },
    );
  };
  try {
    const instance = container.resolve(task.cls as unknown as new () => Instance);
    // `then` of a foreign promise may return nothing, or call back twice.
    return isPromiseLike(instance) ? Promise.resolve(instance as PromiseLike<Instance>).catch(fail) : instance;
  } catch (error) {
    return fail(error);
  }
}

/** Sets a node's params on an instance. */
export function setParams(instance: Instance, { task, params, hasMutableParts }: GraphNode): void {
  const declared = task.params;
  for (let i = 0; i < declared.length; i++) {
    const { name } = declared[i]!;
    if (hasMutableParts && isObject(params[name])) setMutable(instance, name, params[name]);
    else instance[name] = params[name];
  }
}

/** Sets a param with mutable parts: the first read of the property makes a copy for this instance. */
function setMutable(instance: Instance, name: string, value: unknown): void {
  const own = Object.getOwnPropertyDescriptor(instance, name);
  // A setter of the class receives the value at once.
  if (own ? !own.configurable : name in instance) {
    instance[name] = mutableCopy(value);
    return;
  }
  const define = (value: unknown) =>
    Object.defineProperty(instance, name, { value, writable: true, enumerable: true, configurable: true });
  Object.defineProperty(instance, name, {
    configurable: true,
    enumerable: true,
    get: () => {
      const thawed = mutableCopy(value);
      define(thawed);
      return thawed;
    },
    set: define,
  });
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** Makes reading a requirement before it is filled an error. */
export function trapRequirements(task: TaskDefinition, instance: Instance): Instance {
  for (const { property } of task.requirements) {
    Object.defineProperty(instance, property, {
      configurable: true,
      enumerable: true,
      get() {
        throw new DeclarationError(
          `${task.name}.${property} is a requirement: it is filled just before run() and cannot be read while planning; derive from params only`,
        );
      },
    });
  }
  return instance;
}
