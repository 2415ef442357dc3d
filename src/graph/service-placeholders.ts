import { serviceParamsOf } from '../task/container';
import { DeclarationError } from '../task/errors';
import type { Instance, TaskClass } from '../task/task-class';

/** A service was used while planning. */
class ServiceUsedError extends DeclarationError {}

/** A constructor that reads placeholders more often is taken for an endless loop. */
const maxReads = 10_000;

const labels = new WeakMap<object, string>();

/** The name of a placeholder, such as `Database.rows`; undefined for other values. */
export function placeholderLabel(value: unknown): string | undefined {
  return (typeof value === 'object' && value !== null) || typeof value === 'function' ? labels.get(value) : undefined;
}

/**
 * Makes instances of a task class with placeholders instead of services. A constructor may store a placeholder and what
 * it reads from it; any other use fails.
 */
export class ServicePlaceholders {
  readonly #cls: TaskClass;
  readonly #task: string;
  readonly #args: readonly object[];
  readonly #properties: readonly (readonly [name: string, placeholder: object])[];
  #isConstructing = false;
  #reads = 0;
  #used: string | undefined;
  #usedByConstructor: string | undefined;

  /** @param task the task's name */
  constructor(cls: TaskClass, task: string) {
    const services = serviceParamsOf(cls);
    this.#cls = cls;
    this.#task = task;
    this.#args = services.ofConstructor.map(({ label, cls: type }) => this.#make(label, type));
    this.#properties = services.ofProperties.map(({ property, label, cls: type }) => [
      property,
      this.#make(label, type),
    ]);
  }

  /** The service used last, after the constructor. */
  get used(): string | undefined {
    return this.#used;
  }

  /** The service used last by the constructor. */
  get usedByConstructor(): string | undefined {
    return this.#usedByConstructor;
  }

  /** A new instance. @throws any error of the constructor, possibly caused by a placeholder */
  construct(): Instance {
    this.#isConstructing = true;
    this.#reads = 0;
    this.#used = undefined;
    try {
      const instance = new this.#cls(...this.#args) as unknown as Instance;
      for (const [name, placeholder] of this.#properties) instance[name] = placeholder;
      return instance;
    } finally {
      this.#isConstructing = false;
      this.#usedByConstructor = this.#used;
      this.#used = undefined;
    }
  }

  #make(label: string, type: Function | undefined): object {
    // Callable if it may be a method.
    const target = type ? {} : () => {};
    const use = () => this.#use(label);
    const touch = (_: object, property: string | symbol) => {
      this.#derive(`${label}.${String(property)}`);
      return true;
    };
    const placeholder = new Proxy<object>(target, {
      get: (_, property) => this.#get(label, property, type),
      has: touch,
      set: touch,
      deleteProperty: touch,
      apply: () => this.#derive(`${label}()`),
      construct: () => this.#derive(`new ${label}()`),
      ownKeys: use,
      defineProperty: use,
      getPrototypeOf: () => (type?.prototype as object | undefined) ?? Function.prototype,
    });
    labels.set(placeholder, label);
    return placeholder;
  }

  #get(label: string, property: string | symbol, type: Function | undefined): unknown {
    if (property === Symbol.toPrimitive || property === Symbol.iterator || property === Symbol.asyncIterator)
      return this.#use(label);
    // Read by `await`, and by code that prints or classifies values.
    if (typeof property === 'symbol' || property === 'then') return undefined;
    if (property === 'constructor' && type) return type;
    return this.#derive(`${label}.${property}`);
  }

  /** The value of a property or call: another placeholder in a constructor, elsewhere an error. */
  #derive(label: string): object {
    if (!this.#isConstructing || ++this.#reads > maxReads) return this.#use(label);
    this.#used = label;
    return this.#make(label, undefined);
  }

  #use(label: string): never {
    this.#used = label;
    throw new ServiceUsedError(
      `${this.#task} uses its service ${label} while planning, when services do not exist yet. Use it in run(), or move the code into a task that this one requires`,
    );
  }
}
