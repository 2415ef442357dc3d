import { isPromiseLike } from '../awaitable';
import type { Container } from '../task/container';
import { kindOf } from '../task/data';
import type { TaskDefinition } from '../task/definition';
import { type Instance, makeInstance, setParams, trapRequirements } from './instance';
import type { GraphNode } from './node';

/**
 * The instance whose `@Requires` functions are called while planning. It is used again for the next node;
 * only classes that can note something for themselves, where it could not be undone, get a new one each time.
 */
export class PlanningInstance {
  readonly #task: TaskDefinition;
  readonly #container: Container;
  readonly #instance: Instance;
  /** Fields that are no params, as the class made them. */
  readonly #fields: readonly (readonly [name: string, value: unknown])[];
  #isMadeAnew: boolean;

  /** @param instance a new one */
  constructor(task: TaskDefinition, container: Container, instance: Instance) {
    this.#task = task;
    this.#container = container;
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

  #again(): Instance {
    const instance = this.#instance;
    for (const [name, value] of this.#fields) if (instance[name] !== value) instance[name] = value;
    return instance;
  }

  /** Undefined where making one takes time, since functions in `@Requires` are called at once. */
  #new(): Instance | undefined {
    const made = makeInstance(this.#task, this.#container);
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
