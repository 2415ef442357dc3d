import { showValue } from '../base/show';
import type { TaskDefinition } from '../task/definition';
import { DeclarationError } from '../task/errors';
import { SchemaDefault } from './check-param';
import type { GraphNode } from './node';
import type { ParamDefaults } from './param-values';

/** How often a default is read again before it counts as always the same, and how long between, in milliseconds. */
const readings = 8;
const pause = 3;

/** A task that hands params on, or is given them. */
export interface ParamHolder {
  readonly task: TaskDefinition;
  readonly defaults: ParamDefaults;
  /** Reads a default once more. Gives whether it is another one now, or cannot be told. */
  isDefaultUnstable(name: string): boolean;
}

/** How a task hands its params on to another that it requires: worked out once for the two of them in a run. */
export class ParamInheritance {
  readonly #from: ParamHolder;
  readonly #to: ParamHolder;
  readonly #names: readonly string[];
  /** Params that must be written out since the requiring task does not have them. */
  readonly #missing: readonly string[];
  /** What is wrong with the defaults of a param in both, by its name; undefined when nothing is. */
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
   * The params for the required task: those of the same name as they were given, before schemas, then the ones
   * written out.
   *
   * @throws {DeclarationError} when one is missing here, or was left to defaults that differ
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

  /** What is handed on of a param that was not given. */
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
   * Defaults differ when both are always the same. One that is another each time it is read, such as a time or a
   * random number, is that of the run, as read for the task that is not given it; it never depends on chance whether
   * a graph is refused.
   */
  #compareDefaults(name: string): string | undefined {
    const from = this.#from.defaults.get(name);
    const to = this.#to.defaults.get(name);
    if (!from || !to || from.declaredText === to.declaredText) return undefined;
    for (let i = 0; i < readings; i++) {
      // The first two may have been read in one tick of a clock.
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

/** A param by its name, which may be that of something that all objects have. */
function ownParam(params: Readonly<Record<string, unknown>> | undefined, name: string): unknown {
  return params && Object.hasOwn(params, name) ? params[name] : undefined;
}

/** Blocks: it comes before an error only, and timers may be faked. */
function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
