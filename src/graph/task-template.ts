import { type Awaitable, andThen } from '../base/awaitable';
import { nearestName } from '../base/show';
import type { CheckedContainer, Container } from '../task/container';
import type { TaskDefinition } from '../task/definition';
import { ParamError } from '../task/errors';
import type { TaskRef } from '../task/ref';
import type { Instance } from '../task/task-class';
import { canonicalParam } from './canonical';
import {
  type CheckedParam,
  checkParam,
  givenTextOf,
  isPlainParam,
  type ParamSlot,
  textUnlessRefs,
  toParamSlot,
} from './check-param';
import { noRefs } from './frozen-copies';
import { type ParamHolder, ParamInheritance } from './inherit-params';
import type { GraphNode } from './node';
import { type ParamDefaults, readDefaults, type SchemaResults } from './param-values';
import { PlanningInstance, PlanningInstanceFactory } from './planning-instance';

/** A task's params as a node keeps them, which freezes them. */
export interface PreparedParams {
  readonly params: Params;
  /** What was given, before schemas and without defaults; the same object where nothing differs. */
  readonly givenParams: Params;
  readonly hasMutableParts: boolean;
  readonly refs: readonly TaskRef<unknown>[];
}

/** Params, and what tells them from others of the task: the one number that they are, or their canonical text. */
export interface IdentifiedParams extends PreparedParams {
  /** Undefined when they hold refs, which only the graph can name. */
  readonly identity: string | number | undefined;
  /** What tells them from others that schemas made the same: as part of an identity; empty for most. */
  readonly givenText: string;
}

type Params = Readonly<Record<string, unknown>>;

const noParams: Params = Object.freeze(Object.create(null));

/**
 * What planning needs of a task in one run: one real instance, whose params are set anew for each node, and the
 * defaults that it came with. A real one, so that getters, methods and private fields work.
 */
export class TaskTemplate implements ParamHolder {
  readonly task: TaskDefinition;
  readonly defaults: ParamDefaults;
  readonly #instance: PlanningInstance;
  readonly #slots: readonly ParamSlot[];
  /** Whether a param is called as something that all objects have, such as `valueOf`. */
  readonly #hasPrototypeNames: boolean;
  readonly #inheritances = new Map<TaskTemplate, ParamInheritance>();
  /**
   * Whether nodes whose schemas made the same of different values differ, since these are handed on to tasks that it
   * requires; undefined when that shows later.
   */
  readonly passesParamsOn: boolean | undefined;

  private constructor(task: TaskDefinition, instance: PlanningInstance, defaults: ParamDefaults) {
    this.task = task;
    this.#instance = instance;
    this.defaults = defaults;
    this.passesParamsOn = passesParamsOn(task);
    this.#hasPrototypeNames = task.params.some(({ name }) => name in Object.prototype);
    this.#slots = task.params.map((param) =>
      toParamSlot(param, defaults.get(param.name), this.passesParamsOn !== false),
    );
  }

  /** Makes the instance and reads the defaults off it. @param container asked only when the class cannot do without services */
  static create(task: TaskDefinition, container: Container & Partial<CheckedContainer>): Awaitable<TaskTemplate> {
    container.refuse?.(task.cls);
    const instances = new PlanningInstanceFactory(task, container);
    return andThen(instances.make(), (instance) =>
      andThen(
        readDefaults(task, instance),
        (defaults) => new TaskTemplate(task, new PlanningInstance(task, instances, instance), defaults),
      ),
    );
  }

  /** The instance with this node's params, until the next call. */
  instanceFor(node: GraphNode): Instance {
    return this.#instance.withParams(node);
  }

  /** Reads a default once more. Gives whether it is another one now, or cannot be told. */
  isDefaultUnstable(name: string): boolean {
    const before = this.defaults.get(name)?.declaredText;
    return before === undefined || this.#instance.rereadDefault(name) !== before;
  }

  /**
   * What tells params apart that can be taken as they are, numbers, strings and booleans, as most can: the one number,
   * or their canonical text. Undefined when they must be prepared. Runs for every ref of every graph.
   */
  plainIdentity(given: Params): string | number | undefined {
    if (this.#hasPrototypeNames) return undefined;
    const slots = this.#slots;
    let text = '{';
    let used = 0;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!;
      const value = given[slot.name];
      if (value === undefined) {
        if (slot.fallbackText === undefined) return undefined;
        text += slot.fallbackText;
        continue;
      }
      if (!isPlainParam(slot, value)) return undefined;
      used++;
      text += slot.text + (typeof value === 'number' ? `d${value};` : canonicalParam(value));
    }
    if (Object.keys(given).length !== used) return undefined;
    const first = slots[0];
    return this.#identity(first && (given[first.name] ?? first.fallback?.copy.value), text);
  }

  /** Params that have such an identity, with defaults filled in. */
  preparePlain(given: Params): PreparedParams {
    const params: Record<string, unknown> = {};
    const slots = this.#slots;
    let count = 0;
    let isDefaulted = false;
    for (let i = 0; i < slots.length; i++) {
      const { name, fallback } = slots[i]!;
      const value = given[name];
      if (value !== undefined) {
        // -0 has the key of 0, so it has to be 0 for the task as well.
        params[name] = value === 0 ? 0 : value;
        count++;
      } else if (fallback) {
        params[name] = fallback.copy.value;
        isDefaulted = true;
      }
    }
    return {
      params,
      givenParams: isDefaulted ? this.#onlyGiven(params, given, count) : params,
      hasMutableParts: false,
      refs: noRefs,
    };
  }

  /**
   * Checks params and fills in defaults.
   *
   * @returns a promise when a schema is asynchronous: ask again once it is fulfilled
   */
  prepare(ofRef: Params, answers: SchemaResults): IdentifiedParams | Promise<unknown> {
    const given = this.#hasPrototypeNames
      ? Object.assign(Object.create(null) as Record<string, unknown>, ofRef)
      : ofRef;
    const params: Record<string, unknown> = this.#hasPrototypeNames ? Object.create(null) : {};
    const own: Record<string, unknown> = this.#hasPrototypeNames ? Object.create(null) : {};
    let isSame = true;
    let text = '{';
    let givenText = '';
    let thaws = false;
    let refs = noRefs;
    let used = 0;
    for (const slot of this.#slots) {
      const value = given[slot.name];
      if (value !== undefined) used++;
      if (isPlainParam(slot, value)) {
        params[slot.name] = own[slot.name] = value === 0 ? 0 : value;
        text += slot.text + canonicalParam(value);
        continue;
      }
      const taken = value === undefined && slot.fallback ? slot.fallback : this.#checkSlot(slot, value, given, answers);
      if (taken === undefined) continue;
      if (taken instanceof Promise) return taken;
      const { copy } = taken;
      if (copy.value !== undefined) params[slot.name] = copy.value;
      if (taken.given !== undefined) own[slot.name] = taken.given;
      if (own[slot.name] !== params[slot.name]) isSame = false;
      if (copy.hasMutableParts) thaws = true;
      const valueText = taken.text ?? textUnlessRefs(copy);
      if (copy.refs.length > 0) refs = [...refs, ...copy.refs];
      else if (copy.value !== undefined) text += slot.text + valueText;
      if (this.passesParamsOn !== false && slot.param.schema) givenText += givenTextOf(slot, taken, valueText);
    }
    if (Object.keys(given).length !== used) assertNoUnknownParam(this.task, given);
    const [first] = this.#slots;
    const identity = refs.length > 0 ? undefined : this.#identity(first && params[first.name], text);
    return { params, givenParams: isSame ? params : own, hasMutableParts: thaws, refs, identity, givenText };
  }

  /**
   * The params for a task that this one requires: those of the same name, then the ones written out.
   *
   * @throws {DeclarationError} when one is missing here, or was left to defaults that differ
   */
  inheritParams(child: TaskTemplate, node: GraphNode, written: Params | undefined, property: string): Params {
    let handing = this.#inheritances.get(child);
    if (!handing) {
      handing = new ParamInheritance(this, child);
      this.#inheritances.set(child, handing);
    }
    return handing.inherit(node, written, property);
  }

  /** One number is its own identity: that finds it faster, and needs no text to be kept. */
  #identity(first: unknown, text: string): string | number {
    return this.#slots.length === 1 && typeof first === 'number' ? first : `${text}}`;
  }

  /** Those of the params that were given. */
  #onlyGiven(params: Params, given: Params, count: number): Params {
    if (count === 0) return noParams;
    const own: Record<string, unknown> = {};
    for (const { name } of this.#slots) if (given[name] !== undefined) own[name] = params[name];
    return own;
  }

  #checkSlot(
    slot: ParamSlot,
    value: unknown,
    given: Params,
    answers: SchemaResults,
  ): CheckedParam | Promise<unknown> | undefined {
    const { task } = this;
    const taken = checkParam(task, slot, value, answers);
    if (taken !== 'missing') return taken;
    // Given under a misspelt name, more often than not.
    assertNoUnknownParam(task, given);
    const { name } = slot;
    throw new ParamError(`${task.name} needs the param ${name}`, { task: task.name, param: name });
  }
}

function passesParamsOn({ params, requirements }: TaskDefinition): boolean | undefined {
  if (!params.some(({ schema }) => schema)) return false;
  const sources = new Set(requirements.map(({ source }) => source.from));
  if (sources.has('class') || sources.has('later-class')) return true;
  // A function gives refs, more often than not; but it may give a class.
  return sources.has('structure') ? undefined : false;
}

/** Params that are undefined count as not given. */
function assertNoUnknownParam({ name: task, params, requirements, secrets }: TaskDefinition, given: object): void {
  const known = params.map(({ name }) => name);
  const found = Object.entries(given).find(([name, value]) => value !== undefined && !known.includes(name));
  if (!found) return;
  const [unknown, value] = found;
  const meant = nearestName(unknown, known);
  const hint = meant ? `did you mean ${meant}?` : known.length > 0 ? `it has ${known.join(', ')}` : 'it has none';
  const why = requirements.some(({ property }) => property === unknown)
    ? `${unknown} is a requirement of ${task}, not a param: it is filled by its task's result`
    : `${task} has no param ${unknown}; ${hint}`;
  // The misspelt one may be a secret.
  throw new ParamError(why, { task, param: unknown, ...(secrets.size === 0 && { value }) });
}
