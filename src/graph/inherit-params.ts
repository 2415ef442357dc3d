import { showValue } from '../base/show';
import type { TaskDefinition } from '../task/definition';
import { DeclarationError } from '../task/errors';
import { SchemaDefault } from './check-param';
import type { GraphNode } from './node';
import type { ParamDefaults } from './param-values';

/** How often a default is read again before it counts as stable, and the pause after the first, in milliseconds. */
const readings = 8;
const pause = 3;

/** A task that passes params on or inherits them. */
export interface ParamHolder {
  readonly task: TaskDefinition;
  readonly defaults: ParamDefaults;
  /** Reads a default again; true if it has changed, or if that cannot be determined. */
  isDefaultUnstable(name: string): boolean;
}

/** The inheritance of params by a required task from the task that requires it, evaluated once per pair in a run. */
export class ParamInheritance {
  readonly #from: ParamHolder;
  readonly #to: ParamHolder;
  readonly #names: readonly string[];
  /** Params that must be passed explicitly because the requiring task does not have them. */
  readonly #missing: readonly string[];
  /** Conflicts of defaults, by param name; undefined if there is none. */
  readonly #conflicts = new Map<string, string | undefined>();

  constructor(from: ParamHolder, to: ParamHolder) {
    const own = new Set(from.task.params.map(({ name }) => name));
    const { params } = to.task;
    this.#from = from;
    this.#to = to;
    this.#names = params.map(({ name }) => name).filter((name) => own.has(name));
    this.#missing = params
      .filter(({ name, optional, schema }) => !own.has(name) && !to.defaults.has(name) && !optional && !schema)
      .map(({ name }) => name);
  }

  /**
   * The params of the required task: given params of the same name, before schemas, then explicit ones.
   *
   * @throws {DeclarationError} for a missing param, and for one left to defaults that differ
   */
  inherit(
    node: GraphNode,
    written: Readonly<Record<string, unknown>> | undefined,
    property: string,
  ): Readonly<Record<string, unknown>> {
    for (const name of this.#missing)
      if (ownParam(written, name) === undefined)
        throw this.#mustBeWritten(property, name, `its param ${name} is not a param of ${this.#from.task.name}`);
    const params: Record<string, unknown> = {};
    for (const name of this.#names) {
      if (ownParam(written, name) !== undefined) continue;
      const given = ownParam(node.givenParams, name);
      params[name] = given === undefined ? this.#inheritDefault(node, name, property) : given;
    }
    for (const name in written)
      if (written[name] !== undefined && Object.hasOwn(written, name)) params[name] = written[name];
    return params;
  }

  /** The inherited value of a param that was not given. */
  #inheritDefault(node: GraphNode, name: string, property: string): unknown {
    const fallback = this.#from.defaults.get(name);
    if (fallback) {
      const conflict = this.#conflict(name);
      if (conflict !== undefined) throw this.#mustBeWritten(property, name, conflict);
      return fallback.declared;
    }
    const value = ownParam(node.params, name);
    return value === undefined ? undefined : new SchemaDefault(value, this.#from.task.name);
  }

  #conflict(name: string): string | undefined {
    if (!this.#conflicts.has(name)) this.#conflicts.set(name, this.#compareDefaults(name));
    return this.#conflicts.get(name);
  }

  /**
   * Describes a conflict between two stable defaults. An unstable default, such as a time or a random number, is read
   * once per run and never conflicts, so that the outcome does not depend on chance.
   */
  #compareDefaults(name: string): string | undefined {
    const from = this.#from.defaults.get(name);
    const to = this.#to.defaults.get(name);
    if (!from || !to || from.declaredText === to.declaredText) return undefined;
    for (let i = 0; i < readings; i++) {
      // The first two reads may fall into one tick of the clock.
      if (i === 1) sleep(pause);
      if (this.#from.isDefaultUnstable(name) || this.#to.isDefaultUnstable(name)) return undefined;
    }
    const { name: mine, secrets } = this.#from.task;
    const { name: theirs, secrets: theirSecrets } = this.#to.task;
    return secrets.has(name) || theirSecrets.has(name)
      ? `the defaults of ${name} in both are different secrets`
      : `the default of ${name} is ${showValue(from.declared)} in ${mine} and ${showValue(to.declared)} in ${theirs}`;
  }

  #mustBeWritten(property: string, name: string, problem: string): DeclarationError {
    const { name: mine } = this.#from.task;
    const { name: theirs } = this.#to.task;
    return new DeclarationError(
      `${mine}.${property} requires ${theirs}, and ${problem}. Pass it explicitly: @Requires(${theirs}, (self) => ({ ${name}: … }))`,
    );
  }
}

/** An own param: its name may be that of a property of Object.prototype. */
function ownParam(params: Readonly<Record<string, unknown>> | undefined, name: string): unknown {
  return params && Object.hasOwn(params, name) ? params[name] : undefined;
}

/** Blocks the thread, which only delays an error. Timers may be faked. */
function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
