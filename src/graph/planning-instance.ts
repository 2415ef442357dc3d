import { type Awaitable, isPromiseLike } from '../base/awaitable';
import type { Container } from '../task/container';
import { dataKindOf } from '../task/data';
import type { TaskDefinition } from '../task/definition';
import { DeclarationError } from '../task/errors';
import type { Instance } from '../task/task-class';
import type { GraphNode } from './node';
import { textIfData } from './param-values';
import { placeholderLabel, ServicePlaceholders } from './service-placeholders';
import { makeInstance, setParams, trapRequirements } from './task-instance';

/** Makes a task's instances for planning: without its services, unless its constructor cannot do without. */
export class PlanningInstanceFactory {
  readonly #task: TaskDefinition;
  readonly #container: Container;
  readonly #placeholders: ServicePlaceholders;
  #needsServices = false;

  constructor(task: TaskDefinition, container: Container) {
    this.#task = task;
    this.#container = container;
    this.#placeholders = new ServicePlaceholders(task.cls, task.name);
  }

  /** A new instance, whose initialisers have seen no params yet. */
  make(): Awaitable<Instance> {
    return (this.#needsServices ? undefined : this.#withPlaceholders()) ?? this.#byContainer();
  }

  /** Undefined when the constructor, or a default, needs the services themselves. */
  #withPlaceholders(): Instance | undefined {
    try {
      const instance = this.#placeholders.construct();
      if (!this.#task.params.some(({ name }) => placeholderLabel(instance[name]) !== undefined)) return instance;
    } catch {
      // By the container it may succeed; what that throws is told.
    }
    this.#needsServices = true;
    return undefined;
  }

  #byContainer(): Awaitable<Instance> {
    const used = this.#placeholders.usedByConstructor;
    const fail = (error: unknown): never => {
      if (used === undefined || !(error instanceof DeclarationError)) throw error;
      throw new DeclarationError(
        `${error.problem}. It is instantiated while planning because its constructor uses the service ${used}; otherwise only running it would need its services`,
        { cause: error.cause ?? error },
      );
    };
    try {
      const made = makeInstance(this.#task, this.#container);
      return isPromiseLike(made) ? (made as Promise<Instance>).then(undefined, fail) : made;
    } catch (error) {
      return fail(error);
    }
  }
}

/**
 * The instance whose `@Requires` functions are called while planning. It is used again for the next node;
 * only classes that can keep something, where it could not be undone, get a new one each time.
 */
export class PlanningInstance {
  readonly #task: TaskDefinition;
  readonly #factory: PlanningInstanceFactory;
  readonly #instance: Instance;
  /** Fields that are no params, as the class made them. */
  readonly #fields: readonly (readonly [name: string, value: unknown])[];
  #isRemade: boolean;

  /** @param instance a new one */
  constructor(task: TaskDefinition, instances: PlanningInstanceFactory, instance: Instance) {
    this.#task = task;
    this.#factory = instances;
    const declared = new Set([
      ...task.params.map(({ name }) => name),
      ...task.requirements.map(({ property }) => property),
    ]);
    this.#fields = Object.entries(instance).filter(([name]) => !declared.has(name));
    this.#isRemade = this.#fields.some(([, value]) => isMutable(value)) || hasPrivateFields(task.cls);
    this.#instance = trapRequirements(task, instance);
  }

  /** The instance with this node's params, until the next call. */
  withParams(node: GraphNode): Instance {
    const instance = (this.#isRemade ? this.#remake() : undefined) ?? this.#reset();
    setParams(instance, node);
    return instance;
  }

  /** The default of a param, read once more, as text; undefined when that takes time, or when it is not data. */
  rereadDefault(name: string): string | undefined {
    try {
      const made = this.#factory.make();
      if (!isPromiseLike(made)) return textIfData((made as Instance)[name]);
      made.then(undefined, () => {});
    } catch {
      // It was made before.
    }
    return undefined;
  }

  #reset(): Instance {
    const instance = this.#instance;
    for (const [name, value] of this.#fields) if (instance[name] !== value) instance[name] = value;
    return instance;
  }

  /** Undefined where making one takes time, since functions in `@Requires` are called at once. */
  #remake(): Instance | undefined {
    const made = this.#factory.make();
    if (!isPromiseLike(made)) return trapRequirements(this.#task, made as Instance);
    // A container that answers later is not asked again; this once, its answer is of no use, not even a failure.
    this.#isRemade = false;
    made.then(undefined, () => {});
    return undefined;
  }
}

/** Whether a field holds something that a getter may keep things in; services do not count. */
function isMutable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && dataKindOf(value) !== undefined;
}

// As they are written, and as TypeScript, swc and esbuild write them for older targets.
const privateField = /#[A-Za-z_$]|private_?(field|get|set|add)/i;

function hasPrivateFields(cls: Function): boolean {
  for (let at = cls; typeof at === 'function' && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    if (privateField.test(Function.prototype.toString.call(at))) return true;
  }
  return false;
}
