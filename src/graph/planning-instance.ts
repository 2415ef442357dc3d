import { type Awaitable, isPromiseLike, rescue } from '../base/awaitable';
import type { Container } from '../task/container';
import { dataKindOf } from '../task/data';
import type { TaskDefinition } from '../task/definition';
import { DeclarationError } from '../task/errors';
import type { Instance } from '../task/task-class';
import type { GraphNode } from './node';
import { textIfData } from './param-values';
import { placeholderLabel, ServicePlaceholders } from './service-placeholders';
import { makeInstance, setParams, trapRequirements } from './task-instance';

/** Makes instances of a task for planning: without services, unless the constructor needs them. */
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

  /** A new instance without params set. */
  make(): Awaitable<Instance> {
    return (this.#needsServices ? undefined : this.#withPlaceholders()) ?? this.#byContainer();
  }

  /** Undefined if the constructor or a default needs the services themselves. */
  #withPlaceholders(): Instance | undefined {
    try {
      const instance = this.#placeholders.construct();
      if (!this.#task.params.some(({ name }) => placeholderLabel(instance[name]) !== undefined)) return instance;
    } catch {
      // The container may succeed; otherwise its error is reported.
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
    return rescue(() => makeInstance(this.#task, this.#container), fail);
  }
}

/**
 * The instance on which `@Requires` functions are called while planning. It is reused for each node, except for classes
 * that may keep state that cannot be reset: they get a new instance each time.
 */
export class PlanningInstance {
  readonly #task: TaskDefinition;
  readonly #factory: PlanningInstanceFactory;
  readonly #instance: Instance;
  /** The initial values of fields that are neither params nor requirements. */
  readonly #fields: readonly (readonly [name: string, value: unknown])[];
  #isRemade: boolean;

  /** @param instance a new instance */
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

  /** Reads the default of a param again, as text; undefined if that is asynchronous, or if it is not data. */
  rereadDefault(name: string): string | undefined {
    try {
      const made = this.#factory.make();
      if (!isPromiseLike(made)) return textIfData((made as Instance)[name]);
      made.then(undefined, () => {});
    } catch {
      // Unlike the first time.
    }
    return undefined;
  }

  #reset(): Instance {
    const instance = this.#instance;
    for (const [name, value] of this.#fields) if (instance[name] !== value) instance[name] = value;
    return instance;
  }

  /** Undefined if the container is asynchronous, since functions in `@Requires` are called synchronously. */
  #remake(): Instance | undefined {
    const made = this.#factory.make();
    if (!isPromiseLike(made)) return trapRequirements(this.#task, made as Instance);
    // An asynchronous container is not called again. Ignore its result, even a failure.
    this.#isRemade = false;
    made.then(undefined, () => {});
    return undefined;
  }
}

/** True for a field that a getter may use as a cache. Services do not count. */
function isMutable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && dataKindOf(value) !== undefined;
}

// In source text, and in the output of TypeScript, swc and esbuild for older targets.
const privateField = /#[A-Za-z_$]|private_?(field|get|set|add)/i;

function hasPrivateFields(cls: Function): boolean {
  for (let at = cls; typeof at === 'function' && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    if (privateField.test(Function.prototype.toString.call(at))) return true;
  }
  return false;
}
