import { type Awaitable, isPromiseLike } from '../awaitable';
import type { Container } from '../task/container';
import { kindOf } from '../task/data';
import { DeclarationError } from '../task/declaration-error';
import type { TaskDefinition } from '../task/definition';
import type { Instance } from '../task/task-class';
import { makeInstance, setParams, trapRequirements } from './instance';
import type { GraphNode } from './node';
import { textIfData } from './param-defaults';
import { placeholderLabel, ServicePlaceholders } from './service-placeholders';

/** Makes a task's instances for planning: without its services, unless its constructor cannot do without. */
export class PlanningInstances {
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
  readonly #instances: PlanningInstances;
  readonly #instance: Instance;
  /** Fields that are no params, as the class made them. */
  readonly #fields: readonly (readonly [name: string, value: unknown])[];
  #isMadeAnew: boolean;

  /** @param instance a new one */
  constructor(task: TaskDefinition, instances: PlanningInstances, instance: Instance) {
    this.#task = task;
    this.#instances = instances;
    const declared = new Set([
      ...task.params.map(({ name }) => name),
      ...task.requirements.map(({ property }) => property),
    ]);
    this.#fields = Object.entries(instance).filter(([name]) => !declared.has(name));
    this.#isMadeAnew = this.#fields.some(([, value]) => isChangeable(value)) || hasPrivateFields(task.cls);
    this.#instance = trapRequirements(task, instance);
  }

  /** The instance with this node's params, until the next call. */
  of(node: GraphNode): Instance {
    const instance = (this.#isMadeAnew ? this.#new() : undefined) ?? this.#again();
    setParams(instance, node);
    return instance;
  }

  /** The default of a param, read once more, as text; undefined when that takes time, or when it is not data. */
  defaultAgain(name: string): string | undefined {
    try {
      const made = this.#instances.make();
      if (!isPromiseLike(made)) return textIfData((made as Instance)[name]);
      made.then(undefined, () => {});
    } catch {
      // It was made before.
    }
    return undefined;
  }

  #again(): Instance {
    const instance = this.#instance;
    for (const [name, value] of this.#fields) if (instance[name] !== value) instance[name] = value;
    return instance;
  }

  /** Undefined where making one takes time, since functions in `@Requires` are called at once. */
  #new(): Instance | undefined {
    const made = this.#instances.make();
    if (!isPromiseLike(made)) return trapRequirements(this.#task, made as Instance);
    // A container that answers later is not asked again; this once, its answer is of no use, not even a failure.
    this.#isMadeAnew = false;
    made.then(undefined, () => {});
    return undefined;
  }
}

/** Whether a field holds something that a getter may keep things in; services do not count. */
function isChangeable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && kindOf(value) !== undefined;
}

// As they are written, and as TypeScript, swc and esbuild write them for older targets.
const privateField = /#[A-Za-z_$]|private_?(field|get|set|add)/i;

function hasPrivateFields(cls: Function): boolean {
  for (let at = cls; typeof at === 'function' && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    if (privateField.test(Function.prototype.toString.call(at))) return true;
  }
  return false;
}
