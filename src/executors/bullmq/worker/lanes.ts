import { setTimeout as wait } from 'node:timers/promises';
import { describeError } from '../../../base/describe-error';
import { isBroken } from '../connection';
import type { Intake } from './intake';
import type { Taken } from './worker-queue';

/** How many jobs of one queue follow each other without asking the others, and how long to wait when taking failed, in milliseconds. */
const inARow = 20;
const tryAgainAfter = 500;

export interface LanesParts {
  readonly count: number;
  readonly intake: Intake;
  readonly hasOneQueue: boolean;
  /** Does a job. @param wantsNext whether the queue's next job is wanted with it @returns that, when there is one */
  readonly work: (taken: Taken, wantsNext: () => boolean) => Promise<Taken | undefined>;
  readonly onWarning: (message: string) => void;
}

/** As many jobs at a time as the worker runs, each lane one after the other, until no more are to be taken. */
export class Lanes {
  readonly #parts: LanesParts;
  readonly #all: Promise<unknown>;
  #isClosed = false;

  constructor(parts: LanesParts) {
    this.#parts = parts;
    this.#all = Promise.all(Array.from({ length: parts.count }, () => this.#go()));
  }

  /** Takes no more jobs. Resolves when those that run are over. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#parts.intake.close();
    await this.#all;
  }

  async #go(): Promise<void> {
    const { intake, work, hasOneQueue } = this.#parts;
    let next: Taken | undefined;
    for (let run = 0; ; run++) {
      if (!next) run = 0;
      next ??= await this.#take();
      if (!next) return;
      const { queue } = next;
      const wantsNext = () => !this.#isClosed && (hasOneQueue || run < inARow);
      next = await work(next, wantsNext);
      if (!next) intake.noteRoom(queue);
    }
  }

  async #take(): Promise<Taken | undefined> {
    while (!this.#isClosed) {
      try {
        return await this.#parts.intake.next();
      } catch (error) {
        if (this.#isClosed) return undefined;
        if (!isBroken(error)) this.#parts.onWarning(`no job can be taken: ${describeError(error)}; it is tried again`);
        await wait(tryAgainAfter);
      }
    }
    return undefined;
  }
}
