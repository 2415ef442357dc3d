import { TidemarkError } from '../base/error';
import { shareClass, sharedState } from '../base/shared-state';
import type { UnsupportedValueError } from '../encoding/errors';
import type { WorkerExit } from './pool/worker-handle';

/** A job was given back before anything of it ran, since the run starts nothing new. */
export class NotStartedError extends TidemarkError {
  static {
    shareClass(NotStartedError, 'NotStartedError');
  }

  constructor(task: string) {
    super(`${task} was not started: the run starts nothing new`);
  }
}

/** A task, or something else that a call waits for, never ended: nothing was left that could have ended it. */
export class NeverSettledError extends TidemarkError {
  /** Another attempt would wait as long. */
  readonly mayRetry = false;
}

/** What happened to a task that fails so. */
export const neverSettlesMessage =
  'it never settles: the event loop has nothing left to wait for. Look for a promise that is never resolved, or a callback that is never called';

const outputs = sharedState('task-outputs', () => new WeakMap<object, string>());
const keptLines = 20;

/** The end of what a task printed before it threw this, when it ran in a process of its own: the last lines. */
export function outputOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null ? outputs.get(error) : undefined;
}

export function recordOutput(error: unknown, output: string): void {
  if (output !== '' && typeof error === 'object' && error !== null) outputs.set(error, lastLines(output));
}

/** The last 20 lines of a text. */
function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-keptLines).join('\n');
}

/** The thread or process that ran a task ended before the task did. */
export class WorkerLostError extends TidemarkError {
  static {
    shareClass(WorkerLostError, 'WorkerLostError');
  }

  /** How it ended: `exit code 3`, `killed by SIGKILL`, `out of memory`. */
  readonly how: string;
  /** The end of what the task printed, where that is known. */
  readonly output: string;

  constructor(what: string, { how, cause }: WorkerExit, output = '') {
    const printed = output === '' ? '' : `\nIts last output:\n${lastLines(output).replace(/^/gm, '  | ')}`;
    super(`${what}: ${how}${printed}`, cause === undefined ? undefined : { cause });
    this.how = how;
    this.output = output;
  }
}

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
