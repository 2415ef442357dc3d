import { shareClass } from '../../base/shared-state';
import { TidemarkError } from '../../error';
import type { Ending } from './pool-worker';
import { lastLines } from './task-output';

/** The thread or process that ran a task ended before the task did. */
export class WorkerLostError extends TidemarkError {
  static {
    shareClass(WorkerLostError, 'WorkerLostError');
  }

  /** How it ended: `exit code 3`, `killed by SIGKILL`, `out of memory`. */
  readonly how: string;
  /** The end of what the task printed, where that is known. */
  readonly output: string;

  constructor(what: string, { how, cause }: Ending, output = '') {
    const printed = output === '' ? '' : `\nIts last output:\n${lastLines(output).replace(/^/gm, '  | ')}`;
    super(`${what}: ${how}${printed}`, cause === undefined ? undefined : { cause });
    this.how = how;
    this.output = output;
  }
}
