import { type Awaitable, andThen, isPromiseLike } from '../awaitable';
import type { Container } from '../task/container';
import type { DataCopy } from '../task/data';
import { DeclarationError, ParamError } from '../task/declaration-error';
import { fitsType, type ParamDefinition, type TaskDefinition } from '../task/definition';
import { nearest } from '../task/nearest';
import { isTaskRef, type TaskRef } from '../task/ref';
import type { Checked } from '../task/schema';
import { showValue } from '../task/show';
import { canonical, canonicalString } from './canonical';
import { type Instance, makeInstance } from './instance';
import type { GraphNode } from './node';
import { askSchema, copyParam, refused, shown, unlessSecret } from './param-value';
import { PlanningInstance } from './planning-instance';

/** A task's params as a node keeps them, which freezes them. */
export interface PreparedParams {
  readonly params: Readonly<Record<string, unknown>>;
  readonly thaws: boolean;
  readonly refs: readonly TaskRef<unknown>[];
  /** The canonical text of the params; undefined when they hold refs, which only the graph can name. */
  readonly text: string | undefined;
}

/** Answers of asynchronous schemas, by param and value. */
export type SchemaAnswers = Map<string, Checked>;

/** A param as it is looked at for each node: what can be known before is. */
interface Slot {
  readonly param: ParamDefinition;
  readonly name: string;
  /** The name as canonical text. */
  readonly text: string;
  /** The `typeof` that a value needs to be taken as it is, any when undefined; null when it must be looked at. */
  readonly plainType: string | null | undefined;
  readonly fallback: (DataCopy & { readonly text: string | undefined }) | undefined;
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
  readonly #slots: readonly Slot[];
  readonly #handedOn = new Map<Blueprint, HandingOn>();

  private constructor(task: TaskDefinition, instance: PlanningInstance, defaults: ReadonlyMap<string, DataCopy>) {
    this.task = task;
    this.#instance = instance;
    this.defaults = defaults;
    this.#slots = task.params.map((param) => toSlot(param, defaults.get(param.name)));
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
   * Checks params and fills in defaults.
   *
   * @returns a promise when a schema is asynchronous: ask again once it is fulfilled
   */
  prepare(given: Readonly<Record<string, unknown>>, answers: SchemaAnswers): PreparedParams | Promise<unknown> {
    const params: Record<string, unknown> = {};
    let text = '{';
    let thaws = false;
    let refs = noRefs;
    let used = 0;
    // Runs for every ref of every graph: numbers, strings and booleans, most of all params, take the short way.
    const slots = this.#slots;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!;
      const value = given[slot.name];
      if (value !== undefined) used++;
      const type = typeof value;
      if (
        (slot.plainType === undefined || slot.plainType === type) &&
        (type === 'number' || type === 'string' || type === 'boolean')
      ) {
        // -0 has the key of 0, so it has to be 0 for the task as well.
        params[slot.name] = value === 0 ? 0 : value;
        text += slot.text + (type === 'number' ? `d${value};` : canonical(value));
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
      else text += slot.text + (copy === slot.fallback ? slot.fallback.text : canonical(copy.value));
    }
    if (Object.keys(given).length !== used) this.#refuseUnknown(given);
    return { params, thaws, refs, text: refs.length > 0 ? undefined : `${text}}` };
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
      handing = this.#compare(child);
      this.#handedOn.set(child, handing);
    }
    for (const [name, problem] of handing.problems) {
      if (written?.[name] === undefined) {
        throw new DeclarationError(
          `${this.task.name}.${property} requires ${child.task.name}, and ${problem}. Write it out: @Requires(${child.task.name}, (self) => ({ ${name}: … }))`,
        );
      }
    }
    const params: Record<string, unknown> = {};
    for (const name of handing.names) params[name] = node.params[name];
    for (const name in written) if (written[name] !== undefined) params[name] = written[name];
    return params;
  }

  #compare(child: Blueprint): HandingOn {
    const names: string[] = [];
    const problems: [string, string][] = [];
    for (const param of child.task.params) {
      const { name } = param;
      const theirs = child.defaults.get(name);
      if (this.task.params.some((mine) => mine.name === name)) {
        names.push(name);
        const mine = this.defaults.get(name);
        if (mine && theirs && comparable(mine.value) !== comparable(theirs.value)) {
          const isSecret = this.task.secrets.has(name) || child.task.secrets.has(name);
          const defaults = isSecret
            ? 'are different secrets'
            : `is ${showValue(mine.value)} in ${this.task.name} and ${showValue(theirs.value)} in ${child.task.name}`;
          problems.push([
            name,
            isSecret ? `the defaults of ${name} in both ${defaults}` : `the default of ${name} ${defaults}`,
          ]);
        }
      } else if (!theirs && !param.optional && !param.schema) {
        problems.push([name, `its param ${name} is no param of ${this.task.name}`]);
      }
    }
    return { names, problems };
  }

  #absent(
    param: ParamDefinition,
    given: Readonly<Record<string, unknown>>,
    answers: SchemaAnswers,
  ): DataCopy | Promise<unknown> | undefined {
    if (param.optional) return undefined;
    if (param.schema) {
      const answer = this.#ask(param, undefined, answers);
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
      const answer = this.#ask(param, value, answers);
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

  #ask(param: ParamDefinition, value: unknown, answers: SchemaAnswers): Checked | Promise<unknown> {
    const question = answers.size > 0 ? this.#question(param, value) : '';
    const known = answers.get(question);
    if (known) return known;
    const answer = askSchema(this.task, param, value);
    if (!isPromiseLike(answer)) return answer;
    const name = question || this.#question(param, value);
    return (answer as Promise<Checked>).then((checked) => answers.set(name, checked));
  }

  #question(param: ParamDefinition, value: unknown): string {
    return `${this.task.name}.${param.name} ${canonical(value, refById)}`;
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

function toSlot(param: ParamDefinition, fallback: DataCopy | undefined): Slot {
  const { name, schema, type } = param;
  const plainType = schema
    ? null
    : type === undefined
      ? undefined
      : type === Number || type === String || type === Boolean
        ? type.name.toLowerCase()
        : null;
  return {
    param,
    name,
    text: canonicalString(name),
    plainType,
    fallback: fallback && { ...fallback, text: fallback.refs.length > 0 ? undefined : canonical(fallback.value) },
  };
}

interface HandingOn {
  readonly names: readonly string[];
  /** Params that must be written out, and why. */
  readonly problems: readonly (readonly [string, string])[];
}

function readDefaults(task: TaskDefinition, instance: Instance): Awaitable<ReadonlyMap<string, DataCopy>> {
  const defaults = new Map<string, DataCopy>();
  const pending: Promise<unknown>[] = [];
  for (const param of task.params) {
    const value = instance[param.name];
    if (value === undefined) continue;
    if (Number.isNaN(value)) {
      throw new DeclarationError(
        `the default of ${task.name}.${param.name} is NaN: initialisers see other params' defaults only; use a getter for what derives from params`,
      );
    }
    const answer: Awaitable<Checked> = param.schema ? askSchema(task, param, value) : { value };
    const take = (checked: Checked) => {
      if ('issues' in checked) throw refused(task, param, value, checked.issues);
      defaults.set(param.name, copyParam(task, param, checked.value));
    };
    if (isPromiseLike(answer)) pending.push((answer as Promise<Checked>).then(take));
    else take(answer as Checked);
  }
  return pending.length > 0 ? Promise.all(pending).then(() => defaults) : defaults;
}

const refIds = new WeakMap<object, number>();
let lastRefId = 0;

/** Tells ref objects apart: those that hold each other may be nested deep. */
function refById(value: object): string | undefined {
  if (!isTaskRef(value)) return undefined;
  let id = refIds.get(value);
  if (id === undefined) refIds.set(value, (id = ++lastRefId));
  return `@${id};`;
}

/** Tells refs apart by their content. */
function refByParams(value: object): string | undefined {
  const { task, params, path } = value as TaskRef<unknown>;
  return typeof task === 'function' && path
    ? `@${task.name}${canonical(params, refByParams)}${canonical(path)}`
    : undefined;
}

function comparable(value: unknown): string {
  return canonical(value, refByParams);
}
