import { type Awaitable, andThen } from '../awaitable';
import type { Container } from '../task/container';
import { ParamError } from '../task/declaration-error';
import { fitsType, type ParamDefinition, type TaskDefinition } from '../task/definition';
import { nearest } from '../task/nearest';
import type { TaskRef } from '../task/ref';
import { paramText } from './canonical';
import type { DataCopy } from './copies';
import { HandingOn } from './handing-on';
import { type Instance, makeInstance } from './instance';
import type { GraphNode } from './node';
import { isPlain, type ParamSlot, toParamSlot } from './param-slot';
import { copyParam, refused, shown, unlessSecret } from './param-value';
import { PlanningInstance } from './planning-instance';
import { readDefaults } from './read-defaults';
import type { SchemaAnswers } from './schema-answers';

/** A task's params as a node keeps them, which freezes them. */
export interface PreparedParams {
  readonly params: Readonly<Record<string, unknown>>;
  readonly thaws: boolean;
  readonly refs: readonly TaskRef<unknown>[];
}

/** Params, and what tells them from others of the task: the one number that they are, or their canonical text. */
export interface IdentifiedParams extends PreparedParams {
  /** Undefined when they hold refs, which only the graph can name. */
  readonly identity: string | number | undefined;
}

const noRefs: readonly TaskRef<unknown>[] = Object.freeze([]);

/**
 * What planning needs of a task: one real instance, whose params are set anew for each node, and the
 * defaults that it came with. A real one, so that getters, methods and private fields work.
 */
export class Blueprint {
  readonly task: TaskDefinition;
  readonly defaults: ReadonlyMap<string, DataCopy>;
  readonly #instance: PlanningInstance;
  readonly #slots: readonly ParamSlot[];
  readonly #handedOn = new Map<Blueprint, HandingOn>();

  private constructor(task: TaskDefinition, instance: PlanningInstance, defaults: ReadonlyMap<string, DataCopy>) {
    this.task = task;
    this.#instance = instance;
    this.defaults = defaults;
    this.#slots = task.params.map((param) => toParamSlot(param, defaults.get(param.name)));
  }

  /** Makes the instance by the container and reads the defaults off it. */
  static of(task: TaskDefinition, container: Container): Awaitable<Blueprint> {
    return andThen(makeInstance(task, container), (instance) =>
      andThen(
        readDefaults(task, instance),
        (defaults) => new Blueprint(task, new PlanningInstance(task, container, instance), defaults),
      ),
    );
  }

  /** The instance with this node's params, until the next call. */
  plan(node: GraphNode): Instance {
    return this.#instance.of(node);
  }

  /**
   * What tells params apart that can be taken as they are, numbers, strings and booleans, as most can: the one number,
   * or their canonical text. Undefined when they must be prepared. Runs for every ref of every graph.
   */
  plainIdentity(given: Readonly<Record<string, unknown>>): string | number | undefined {
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
    return this.#identity(first && (given[first.name] ?? first.fallback?.value), text);
  }

  /** Params that have such an identity, with defaults filled in. */
  preparePlain(given: Readonly<Record<string, unknown>>): PreparedParams {
    const params: Record<string, unknown> = {};
    const slots = this.#slots;
    for (let i = 0; i < slots.length; i++) {
      const { name, fallback } = slots[i]!;
      const value = given[name];
      // -0 has the key of 0, so it has to be 0 for the task as well.
      if (value !== undefined) params[name] = value === 0 ? 0 : value;
      else if (fallback) params[name] = fallback.value;
    }
    return { params, thaws: false, refs: noRefs };
  }

  /**
   * Checks params and fills in defaults.
   *
   * @returns a promise when a schema is asynchronous: ask again once it is fulfilled
   */
  prepare(given: Readonly<Record<string, unknown>>, answers: SchemaAnswers): IdentifiedParams | Promise<unknown> {
    const params: Record<string, unknown> = {};
    let text = '{';
    let thaws = false;
    let refs = noRefs;
    let used = 0;
    for (const slot of this.#slots) {
      const value = given[slot.name];
      if (value !== undefined) used++;
      if (isPlain(slot, value)) {
        params[slot.name] = value === 0 ? 0 : value;
        text += slot.text + paramText(value);
        continue;
      }
      const copy =
        value === undefined
          ? (slot.fallback ?? this.#absent(slot.param, given, answers))
          : this.#take(slot.param, value, answers);
      if (copy === undefined) continue;
      if (copy instanceof Promise) return copy;
      params[slot.name] = copy.value;
      if (copy.thaws) thaws = true;
      if (copy.refs.length > 0) refs = [...refs, ...copy.refs];
      else text += slot.text + (copy === slot.fallback ? slot.fallback.text : paramText(copy.value));
    }
    if (Object.keys(given).length !== used) this.#refuseUnknown(given);
    const [first] = this.#slots;
    return {
      params,
      thaws,
      refs,
      identity: refs.length > 0 ? undefined : this.#identity(first && params[first.name], text),
    };
  }

  /**
   * The params for a task that this one requires: those of the same name, then the ones written out.
   *
   * @throws {DeclarationError} when one is missing here, or both sides have different defaults for it
   */
  handOn(
    child: Blueprint,
    node: GraphNode,
    written: Readonly<Record<string, unknown>> | undefined,
    property: string,
  ): Readonly<Record<string, unknown>> {
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

  #absent(
    param: ParamDefinition,
    given: Readonly<Record<string, unknown>>,
    answers: SchemaAnswers,
  ): DataCopy | Promise<unknown> | undefined {
    if (param.optional) return undefined;
    if (param.schema) {
      const answer = answers.ask(this.task, param, undefined);
      if (answer instanceof Promise) return answer;
      if ('value' in answer) return answer.value === undefined ? undefined : this.#copy(param, answer.value);
    }
    // Given under a misspelt name, more often than not.
    this.#refuseUnknown(given);
    throw new ParamError(`${this.task.name} needs the param ${param.name}`, {
      task: this.task.name,
      param: param.name,
    });
  }

  #take(param: ParamDefinition, value: unknown, answers: SchemaAnswers): DataCopy | Promise<unknown> | undefined {
    if (param.schema) {
      const answer = answers.ask(this.task, param, value);
      if (answer instanceof Promise) return answer;
      if ('issues' in answer) throw refused(this.task, param, value, answer.issues);
      return answer.value === undefined ? undefined : this.#copy(param, answer.value);
    }
    if (param.type && !fitsType(value, param.type)) {
      throw new ParamError(
        `${this.task.name}: the param ${param.name} must be a ${param.type.name}, but is ${shown(param, value)}`,
        { task: this.task.name, param: param.name, ...unlessSecret(param, value) },
      );
    }
    return this.#copy(param, value);
  }

  #copy(param: ParamDefinition, value: unknown): DataCopy {
    return copyParam(this.task, param, value);
  }

  /** Params that are undefined count as not given. */
  #refuseUnknown(given: Readonly<Record<string, unknown>>): void {
    const { name: task, params, requirements } = this.task;
    const unknown = Object.keys(given).find(
      (name) => given[name] !== undefined && !params.some((param) => param.name === name),
    );
    if (unknown === undefined) return;
    const meant = nearest(
      unknown,
      params.map(({ name }) => name),
    );
    const why = requirements.some(({ property }) => property === unknown)
      ? `${unknown} is a requirement of ${task}, not a param: it is filled by its task's result`
      : `${task} has no param ${unknown}${meant ? `; did you mean ${meant}?` : params.length > 0 ? `; it has ${params.map(({ name }) => name).join(', ')}` : '; it has none'}`;
    // The misspelt one may be a secret.
    throw new ParamError(why, { task, param: unknown, ...(this.task.secrets.size === 0 && { value: given[unknown] }) });
  }
}
