import { TidemarkError } from '../base/error';
import { shareClass } from '../base/shared-state';

/**
 * A task class, its params or its requirements are invalid. Thrown before anything runs.
 *
 * `path` lists the nodes from the target to the invalid one: `ScoreModel({ path: 'a.csv' })`.
 */
export class DeclarationError extends TidemarkError {
  static {
    shareClass(DeclarationError, 'DeclarationError');
  }

  readonly problem: string;
  path: readonly string[] = [];

  constructor(problem: string, options?: ErrorOptions) {
    super(problem, options);
    this.problem = problem;
  }

  /** Adds the path in the graph, unless the error has one: the innermost caller knows it best. */
  locate(path: readonly string[]): this {
    if (this.path.length === 0 && path.length > 0) {
      this.path = path;
      this.message = `${this.problem}\n    at ${[...path].reverse().join('\n    required by ')}`;
    }
    return this;
  }
}

/** A param is missing, unknown or has an invalid value. */
export class ParamError extends DeclarationError {
  static {
    shareClass(ParamError, 'ParamError');
  }

  readonly task: string;
  readonly param: string;
  readonly value: unknown;

  constructor(
    problem: string,
    at: { readonly task: string; readonly param: string; readonly value?: unknown },
    options?: ErrorOptions,
  ) {
    super(problem, options);
    this.task = at.task;
    this.param = at.param;
    this.value = at.value;
  }
}
