import { shareClass } from '../base/shared-state';
import { TidemarkError } from '../error';

/**
 * Something about a task class, its params or what it requires is wrong. Thrown before anything runs.
 *
 * `path` holds the nodes that led there, from the target on: `ScoreModel({ path: 'a.csv' })`.
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

  /** Says where in the graph it happened; the first one to say so is the one who knows. */
  locate(path: readonly string[]): this {
    if (this.path.length === 0 && path.length > 0) {
      this.path = path;
      this.message = `${this.problem}\n    at ${[...path].reverse().join('\n    required by ')}`;
    }
    return this;
  }
}

/** A param is missing, unknown, or has a value that cannot be taken. */
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
