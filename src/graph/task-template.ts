import { type Awaitable, andThen } from '../base/awaitable';
import { nearestName } from '../base/show';
import type { CheckedContainer, Container } from '../task/container';
import type { TaskDefinition } from '../task/definition';
import { ParamError } from '../task/errors';
import type { TaskRef } from '../task/ref';
import type { Instance } from '../task/task-class';
import { canonicalParam, type Special } from './canonical';
import { type CheckedParam, checkParam, givenTextOf, isPlainParam, type ParamSlot, toParamSlot } from './check-param';
import { noRefs } from './frozen-copies';
import { type ParamHolder, ParamInheritance } from './inherit-params';
import type { GraphNode } from './node';
import { type ParamDefaults, readDefaults, type SchemaResults } from './param-values';
import { PlanningInstance, PlanningInstanceFactory } from './planning-instance';

/** Checked and complete params. The node freezes them. */
export interface PreparedParams {
  readonly params: Params;
  /** The given params, before schemas and without defaults; the same object if they are equal. */
  readonly givenParams: Params;
  readonly hasMutableParts: boolean;
  readonly refs: readonly TaskRef<unknown>[];
  /** The canonical text of given values that schemas changed, for a task that passes params on; empty for most. */
  readonly givenText: string;
}

type Params = Readonly<Record<string, unknown>>;

/**
 * Plans the nodes of one task in a run: it identifies and prepares their params, and evaluates their requirements on a
 * real instance, so that getters, methods and private fields work.
 */
export class TaskTemplate implements ParamHolder {
  readonly task: TaskDefinition;
  readonly defaults: ParamDefaults;
  readonly #instance: PlanningInstance;
  readonly #slots: readonly ParamSlot[];
  /** True if a param has the name of a property of Object.prototype, such as `valueOf`. */
  readonly #hasPrototypeNames: boolean;
  readonly #inheritances = new Map<TaskTemplate, ParamInheritance>();
  /**
   * True if nodes with different given values differ although schemas map these to the same value, since required tasks
   * inherit the given values. Undefined if that is unknown before the requirements are evaluated.
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

  /** Makes the planning instance and reads its defaults. @param container used only if the class needs its services for that */
  static create(task: TaskDefinition, container: Container & Partial<CheckedContainer>): Awaitable<TaskTemplate> {
    container.refuse?.(task.cls);
    const factory = new PlanningInstanceFactory(task, container);
    return andThen(factory.make(), (instance) =>
      andThen(
        readDefaults(task, instance),
        (defaults) => new TaskTemplate(task, new PlanningInstance(task, factory, instance), defaults),
      ),
    );
  }

  /** The planning instance with the params of a node, valid until the next call. */
  instanceFor(node: GraphNode): Instance {
    return this.#instance.withParams(node);
  }

  /** Reads a default again; true if it has changed, or if that cannot be determined. */
  isDefaultUnstable(name: string): boolean {
    const before = this.defaults.get(name)?.declaredText;
    return before === undefined || this.#instance.rereadDefault(name) !== before;
  }

  /**
   * The identity of params that need no preparation: numbers, strings and booleans without schemas, as most are.
   * Undefined for others. Runs for every ref of every graph, and makes no objects.
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

  /** The identity of prepared params. @param refText the text of a ref, which only the graph knows */
  identityOf({ params }: PreparedParams, refText: Special): string | number {
    const slots = this.#slots;
    let text = '{';
    for (let i = 0; i < slots.length; i++) {
      const { name, text: nameText, fallback } = slots[i]!;
      const value = params[name];
      if (value === undefined) continue;
      const known = fallback?.copy.value === value ? fallback.text : undefined;
      text += nameText + (known ?? canonicalParam(value, refText));
    }
    return this.#identity(slots.length === 1 ? params[slots[0]!.name] : undefined, text);
  }

  /**
   * Checks params and fills in defaults.
   *
   * @returns a promise if a schema is asynchronous: call again once it is fulfilled
   */
  prepare(ofRef: Params, results: SchemaResults): PreparedParams | Promise<unknown> {
    const given = this.#hasPrototypeNames ? Object.assign(this.#noParams(), ofRef) : ofRef;
    const params = this.#noParams();
    const slots = this.#slots;
    /** Given values of params with schemas, by slot. */
    let beforeSchemas: unknown[] | undefined;
    let isSame = true;
    let givenText = '';
    let hasMutableParts = false;
    let refs = noRefs;
    let used = 0;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!;
      const value = given[slot.name];
      if (value !== undefined) used++;
      if (isPlainParam(slot, value)) {
        // -0 has the key of 0, so the task gets 0.
        params[slot.name] = value === 0 ? 0 : value;
        continue;
      }
      const checked = value === undefined && slot.fallback ? slot.fallback : this.#check(slot, value, given, results);
      if (checked === undefined) continue;
      if (checked instanceof Promise) return checked;
      const { copy } = checked;
      if (copy.value !== undefined) params[slot.name] = copy.value;
      if (checked.given !== copy.value) isSame = false;
      if (copy.hasMutableParts) hasMutableParts = true;
      if (copy.refs.length > 0) refs = [...refs, ...copy.refs];
      if (!slot.param.schema) continue;
      (beforeSchemas ??= [])[i] = checked.given;
      if (this.passesParamsOn !== false) givenText += givenTextOf(slot, checked);
    }
    if (Object.keys(given).length !== used) assertNoUnknownParam(this.task, given);
    const givenParams = isSame ? params : this.#withoutDefaults(params, given, beforeSchemas);
    return { params, givenParams, hasMutableParts, refs, givenText };
  }

  /**
   * The params of a required task: inherited ones of the same name, then explicit ones.
   *
   * @throws {DeclarationError} for a missing param, and for one left to defaults that differ
   */
  inheritParams(child: TaskTemplate, node: GraphNode, written: Params | undefined, property: string): Params {
    let inheritance = this.#inheritances.get(child);
    if (!inheritance) {
      inheritance = new ParamInheritance(this, child);
      this.#inheritances.set(child, inheritance);
    }
    return inheritance.inherit(node, written, property);
  }

  /** A single number is its own identity: faster to look up than a text, and smaller. */
  #identity(first: unknown, text: string): string | number {
    return this.#slots.length === 1 && typeof first === 'number' ? first : `${text}}`;
  }

  /** Those of the params that were given, before schemas. */
  #withoutDefaults(params: Params, given: Params, beforeSchemas: readonly unknown[] | undefined): Params {
    const slots = this.#slots;
    const own = this.#noParams();
    for (let i = 0; i < slots.length; i++) {
      const { name, param } = slots[i]!;
      const isChanged = beforeSchemas !== undefined && param.schema !== undefined;
      const value = isChanged ? beforeSchemas[i] : given[name] === undefined ? undefined : params[name];
      if (value !== undefined) own[name] = value;
    }
    return own;
  }

  /** An empty object. Without a prototype where a param has the name of something in it. */
  #noParams(): Record<string, unknown> {
    return this.#hasPrototypeNames ? Object.create(null) : {};
  }

  #check(
    slot: ParamSlot,
    value: unknown,
    given: Params,
    results: SchemaResults,
  ): CheckedParam | Promise<unknown> | undefined {
    const { task } = this;
    const checked = checkParam(task, slot, value, results);
    if (checked !== 'missing') return checked;
    // Usually given under a misspelt name.
    assertNoUnknownParam(task, given);
    const { name } = slot;
    throw new ParamError(`${task.name} needs the param ${name}`, { task: task.name, param: name });
  }
}

function passesParamsOn({ params, requirements }: TaskDefinition): boolean | undefined {
  if (!params.some(({ schema }) => schema)) return false;
  const sources = new Set(requirements.map(({ source }) => source.from));
  if (sources.has('class') || sources.has('later-class')) return true;
  // A function usually returns refs, but may return a class.
  return sources.has('structure') ? undefined : false;
}

/** @throws {ParamError} for a given param that the task does not have */
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
  // The misspelt param may be a secret.
  throw new ParamError(why, { task, param: unknown, ...(secrets.size === 0 && { value }) });
}
