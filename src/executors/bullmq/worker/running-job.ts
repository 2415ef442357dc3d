import type { Taken } from './worker-queue';

/** Why a job is not run to its end by the worker that has it. */
export type Ending =
  /** Who asked for it does not want it any more. */
  | 'aborted'
  /** Another worker has it. */
  | 'lost'
  /** This worker is to stop. */
  | 'handed back';

/** A job that this worker runs. */
export class RunningJob {
  readonly taken: Taken;
  /** Whether its result is kept, and so is of use although nobody waits for it. */
  readonly isSaved: boolean;
  ending: Ending | undefined;
  /** Redis does not know it any more; somebody may ask for its result all the same. */
  isForgotten = false;
  /** Its answer is on its way. */
  isAnswered = false;
  readonly #abort = new AbortController();

  constructor(taken: Taken) {
    this.taken = taken;
    this.isSaved = taken.data.isSaved;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  end(ending: Ending, reason: unknown): void {
    if (this.ending || this.isAnswered) return;
    this.ending = ending;
    this.#abort.abort(reason);
  }
}
