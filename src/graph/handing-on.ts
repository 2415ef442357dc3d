import { DeclarationError } from '../task/declaration-error';
import type { TaskDefinition } from '../task/definition';
import { showValue } from '../task/show';
import { paramText, refByContent } from './canonical';
import type { DataCopy } from './copies';
import type { GraphNode } from './node';

/** A task, and the defaults of its params. */
export interface TaskWithDefaults {
  readonly task: TaskDefinition;
  readonly defaults: ReadonlyMap<string, DataCopy>;
}

/** How a task hands its params on to another that it requires: worked out once for the two of them. */
export class HandingOn {
  readonly #from: TaskDefinition;
  readonly #to: TaskDefinition;
  readonly #names: readonly string[];
  /** Params that must be written out, and why. */
  readonly #problems: readonly (readonly [string, string])[];

  constructor(from: TaskWithDefaults, to: TaskWithDefaults) {
    const names: string[] = [];
    const problems: [string, string][] = [];
    for (const param of to.task.params) {
      const { name } = param;
      const theirs = to.defaults.get(name);
      if (from.task.params.some((mine) => mine.name === name)) {
        names.push(name);
        const mine = from.defaults.get(name);
        if (mine && theirs && paramText(mine.value, refByContent) !== paramText(theirs.value, refByContent)) {
          const isSecret = from.task.secrets.has(name) || to.task.secrets.has(name);
          problems.push([
            name,
            isSecret
              ? `the defaults of ${name} in both are different secrets`
              : `the default of ${name} is ${showValue(mine.value)} in ${from.task.name} and ${showValue(theirs.value)} in ${to.task.name}`,
          ]);
        }
      } else if (!theirs && !param.optional && !param.schema) {
        problems.push([name, `its param ${name} is no param of ${from.task.name}`]);
      }
    }
    this.#from = from.task;
    this.#to = to.task;
    this.#names = names;
    this.#problems = problems;
  }

  /**
   * The params for the required task: those of the same name, then the ones written out.
   *
   * @throws {DeclarationError} when one is missing here, or both sides have different defaults for it
   */
  params(
    node: GraphNode,
    written: Readonly<Record<string, unknown>> | undefined,
    property: string,
  ): Readonly<Record<string, unknown>> {
    for (const [name, problem] of this.#problems) {
      if (written?.[name] === undefined) {
        throw new DeclarationError(
          `${this.#from.name}.${property} requires ${this.#to.name}, and ${problem}. Write it out: @Requires(${this.#to.name}, (self) => ({ ${name}: … }))`,
        );
      }
    }
    const params: Record<string, unknown> = {};
    for (const name of this.#names) params[name] = node.params[name];
    for (const name in written) if (written[name] !== undefined) params[name] = written[name];
    return params;
  }
}
