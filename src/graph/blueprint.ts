import { type Awaitable, andThen } from '../awaitable';
import type { CheckedContainer, Container } from '../task/container';
import { ParamError } from '../task/declaration-error';
import type { TaskDefinition } from '../task/definition';
import { nearest } from '../task/nearest';
import type { TaskRef } from '../task/ref';
import type { Instance } from '../task/task-class';
import { paramText } from './canonical';
import { noRefs } from './copies';
import { HandingOn, type ParamHolder } from './handing-on';
import type { GraphNode } from './node';
import { type ParamDefaults, readDefaults } from './param-defaults';
import { isPlain, type ParamSlot, type TakenParam, toParamSlot } from './param-slot';
import { PlanningInstance, PlanningInstances } from './planning-instance';
import type { SchemaAnswers } from './schema-answers';
import { handedOnText, takeParam, textUnlessRefs } from './take-param';

/** A task's params as a node keeps them, which freezes them. */
export interface PreparedParams {
  readonly params: Params;
  /** What was given, before schemas and without defaults; the same object where nothing differs. */
  readonly given: Params;
  readonly thaws: boolean;
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

const nothingGiven: Params = Object.freeze(Object.create(null));

/**
 * What planning needs of a task in one run: one real instance, whose params are set anew for each node, and the
 * defaults that it came with. A real one, so that getters, methods and private fields work.
 */
export class Blueprint implements ParamHolder {
  readonly task: TaskDefinition;
  readonly defaults: ParamDefaults;
  readonly #instance: PlanningInstance;
  readonly #slots: readonly ParamSlot[];
  /** Whether a param is called as something that all objects have, such as `valueOf`. */
  readonly #hasInheritedNames: boolean;
  readonly #handedOn = new Map<Blueprint, HandingOn>();
  /**
   * Whether nodes whose schemas made the same of different values differ, since these are handed on to tasks that it
   * requires; undefined when that shows later.
   */
  readonly handsOn: boolean | undefined;

  private constructor(task: TaskDefinition, instance: PlanningInstance, defaults: ParamDefaults) {
    this.task = task;
    this.#instance = instance;
    this.defaults = defaults;
    this.handsOn = handsOn(task);
    this.#hasInheritedNames = task.params.some(({ name }) => name in Object.prototype);
    this.#slots = task.params.map((param) => toParamSlot(param, defaults.get(param.name), this.handsOn !== false));
  }

  /** Makes the instance and reads the defaults off it. @param container asked only when the class cannot do without services */
  static of(task: TaskDefinition, container: Container & Partial<CheckedContainer>): Awaitable<Blueprint> {
    container.refuse?.(task.cls);
    const instances = new PlanningInstances(task, container);
    return andThen(instances.make(), (instance) =>
      andThen(
        readDefaults(task, instance),
        (defaults) => new Blueprint(task, new PlanningInstance(task, instances, instance), defaults),
      ),
    );
  }

  /** The instance with this node's params, until the next call. */
  plan(node: GraphNode): Instance {
    return this.#instance.of(node);
  }

  /** Reads a default once more. Gives whether it is another one now, or cannot be told. */
  changesDefault(name: string): boolean {
    const before = this.defaults.get(name)?.writtenText;
    return before === undefined || this.#instance.defaultAgain(name) !== before;
  }

  /**
   * What tells params apart that can be taken as they are, numbers, strings and booleans, as most can: the one number,
   * or their canonical text. Undefined when they must be prepared. Runs for every ref of every graph.
   */
  plainIdentity(given: Params): string | number | undefined {
    if (this.#hasInheritedNames) return undefined;
    const slots = this.#slots;
    let text = '{';
    let used = 0;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!;
      const value = given[slot.name];
      if (value === undefined) {
        if (slot.absentText === undefined) return undefined;
        text += slot.absentText;
        continue;
      }
      if (!isPlain(slot, value)) return undefined;
      used++;
      text += slot.text + (typeof value === 'number' ? `d${value};` : paramText(value));
    }
    if (Object.keys(given).length !== used) return undefined;
    const first = slots[0];
    return this.#identity(first && (given[first.name] ?? first.absent?.copy.value), text);
  }

  /** Params that have such an identity, with defaults filled in. */
  preparePlain(given: Params): PreparedParams {
    const params: Record<string, unknown> = {};
    const slots = this.#slots;
    let count = 0;
    let isDefaulted = false;
    for (let i = 0; i < slots.length; i++) {
      const { name, absent } = slots[i]!;
      const value = given[name];
      if (value !== undefined) {
        // -0 has the key of 0, so it has to be 0 for the task as well.
        params[name] = value === 0 ? 0 : value;
        count++;
      } else if (absent) {
        params[name] = absent.copy.value;
        isDefaulted = true;
      }
    }
    return { params, given: isDefaulted ? this.#only(params, given, count) : params, thaws: false, refs: noRefs };
  }

  /**
   * Checks params and fills in defaults.
   *
   * @returns a promise when a schema is asynchronous: ask again once it is fulfilled
   */
  prepare(ofRef: Params, answers: SchemaAnswers): IdentifiedParams | Promise<unknown> {
    const given = this.#hasInheritedNames
      ? Object.assign(Object.create(null) as Record<string, unknown>, ofRef)
      : ofRef;
    const params: Record<string, unknown> = this.#hasInheritedNames ? Object.create(null) : {};
    const own: Record<string, unknown> = this.#hasInheritedNames ? Object.create(null) : {};
    let isSame = true;
    let text = '{';
    let givenText = '';
    let thaws = false;
    let refs = noRefs;
    let used = 0;
    for (const slot of this.#slots) {
      const value = given[slot.name];
      if (value !== undefined) used++;
      if (isPlain(slot, value)) {
        params[slot.name] = own[slot.name] = value === 0 ? 0 : value;
        text += slot.text + paramText(value);
        continue;
      }
      const taken = value === undefined && slot.absent ? slot.absent : this.#take(slot, value, given, answers);
      if (taken === undefined) continue;
      if (taken instanceof Promise) return taken;
      const { copy } = taken;
      if (copy.value !== undefined) params[slot.name] = copy.value;
      if (taken.given !== undefined) own[slot.name] = taken.given;
      if (own[slot.name] !== params[slot.name]) isSame = false;
      if (copy.thaws) thaws = true;
      const valueText = taken.text ?? textUnlessRefs(copy);
      if (copy.refs.length > 0) refs = [...refs, ...copy.refs];
      else if (copy.value !== undefined) text += slot.text + valueText;
      if (this.handsOn !== false && slot.param.schema) givenText += handedOnText(slot, taken, valueText);
    }
    if (Object.keys(given).length !== used) refuseUnknown(this.task, given);
    const [first] = this.#slots;
    const identity = refs.length > 0 ? undefined : this.#identity(first && params[first.name], text);
    return { params, given: isSame ? params : own, thaws, refs, identity, givenText };
  }

  /**
   * The params for a task that this one requires: those of the same name, then the ones written out.
   *
   * @throws {DeclarationError} when one is missing here, or was left to defaults that differ
   */
  handOn(child: Blueprint, node: GraphNode, written: Params | undefined, property: string): Params {
    let handing = this.#handedOn.get(child);
    if (!handing) {
      handing = new HandingOn(this, child);
      this.#handedOn.set(child, handing);
    }
    return handing.params(node, written, property);
  }

  /** One number is its own identity: that finds it faster, and needs no text to be kept. */
  #identity(first: unknown, text: string): string | number {
    return this.#slots.length === 1 && typeof first === 'number' ? first : `${text}}`;
  }

  /** Those of the params that were given. */
  #only(params: Params, given: Params, count: number): Params {
    if (count === 0) return nothingGiven;
    const own: Record<string, unknown> = {};
    for (const { name } of this.#slots) if (given[name] !== undefined) own[name] = params[name];
    return own;
  }

  #take(
    slot: ParamSlot,
    value: unknown,
    given: Params,
    answers: SchemaAnswers,
  ): TakenParam | Promise<unknown> | undefined {
    const { task } = this;
    const taken = takeParam(task, slot, value, answers);
    if (taken !== 'missing') return taken;
    // Given under a misspelt name, more often than not.
    refuseUnknown(task, given);
    const { name } = slot;
    throw new ParamError(`${task.name} needs the param ${name}`, { task: task.name, param: name });
  }
}

function handsOn({ params, requirements }: TaskDefinition): boolean | undefined {
  if (!params.some(({ schema }) => schema)) return false;
  const sources = new Set(requirements.map(({ source }) => source.from));
  if (sources.has('class') || sources.has('later-class')) return true;
  // A function gives refs, more often than not; but it may give a class.
  return sources.has('structure') ? undefined : false;
}

/** Params that are undefined count as not given. */
function refuseUnknown({ name: task, params, requirements, secrets }: TaskDefinition, given: object): void {
  const known = params.map(({ name }) => name);
  const found = Object.entries(given).find(([name, value]) => value !== undefined && !known.includes(name));
  if (!found) return;
  const [unknown, value] = found;
  const meant = nearest(unknown, known);
  const hint = meant ? `did you mean ${meant}?` : known.length > 0 ? `it has ${known.join(', ')}` : 'it has none';
  const why = requirements.some(({ property }) => property === unknown)
    ? `${unknown} is a requirement of ${task}, not a param: it is filled by its task's result`
    : `${task} has no param ${unknown}; ${hint}`;
  // The misspelt one may be a secret.
  throw new ParamError(why, { task, param: unknown, ...(secrets.size === 0 && { value }) });
}
