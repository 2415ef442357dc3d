import { TidemarkError } from '../base/error';
import { shareClass } from '../base/shared-state';

/** Thrown when bytes may be intact, but this program lacks what decodes them: a key, a codec, a type. */
export class CannotDecodeError extends TidemarkError {
  static {
    shareClass(CannotDecodeError, 'CannotDecodeError');
  }
}

/** Thrown when a value cannot be saved, because it would come back different. */
export class UnsupportedValueError extends TidemarkError {
  static {
    shareClass(UnsupportedValueError, 'UnsupportedValueError');
  }

  /** The path of the value, such as `result.items[3].onEnd`. */
  readonly path: string;
  /** The problem, such as `is a function`. */
  readonly problem: string;

  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`Cannot save ${path}: it ${problem}. ${adviceFor(problem)}`, options);
    this.path = path;
    this.problem = problem;
  }
}

/** Problems that contain advice of their own have it after a semicolon. */
function adviceFor(problem: string): string {
  return problem.includes(';')
    ? 'What is saved must come back exactly as it was.'
    : 'What is saved must come back exactly as it was: return plain data instead, leave it out, or do not save this result.';
}
