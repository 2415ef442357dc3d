import { shareClass } from '../../base/shared-state';
import type { UnsupportedValueError } from '../../encoding/unsupported-value-error';
import { TidemarkError } from '../../error';

/** A value that a task in a worker gets or gives is not data. */
export class CannotSendError extends TidemarkError {
  static {
    shareClass(CannotSendError, 'CannotSendError');
  }

  /** Where it is, such as `result.items[3].onEnd`. */
  readonly path: string;
  /** What is wrong with it, such as `is a function`. */
  readonly problem: string;

  constructor(
    task: string,
    { path, problem }: Pick<UnsupportedValueError, 'path' | 'problem'>,
    options?: ErrorOptions,
  ) {
    super(
      `Cannot send ${path} of ${task} from or to its worker: it ${problem}. Tasks in workers get and give only data: ` +
        `leave it out, teach Tidemark its class with registerType, or run the task in process ` +
        `(queues: { ${/^[A-Za-z_$][\w$]*$/.test(task) ? task : JSON.stringify(task)}: { executor: inline() } })`,
      options,
    );
    this.path = path;
    this.problem = problem;
  }
}
