import { andThen } from '../../../awaitable';
import type { Encryption } from '../../../encoding/encoder';
import { seal } from '../envelope';
import type { AllSaid, Said } from '../job-content';
import type { Assignment } from './assignment';

/** What is said within this time goes in one message, in milliseconds. */
const gatheredFor = 20;
/** Of a task that tells its progress more often than anybody can see, only the latest counts. */
const mostAtOnce = 100;
/** After this time it is told which worker has a job, in milliseconds; of shorter ones the answer says it. */
const assignedAfter = 100;

/** Passes on what a task says while it runs, in order. */
export class Teller {
  readonly #assignment: Assignment;
  readonly #encryption: Encryption | null;
  readonly #worker: string;
  readonly #timer: NodeJS.Timeout;
  #said: Said[] = [];
  #flush: NodeJS.Timeout | undefined;
  #told: Promise<unknown> | undefined;

  constructor(assignment: Assignment, encryption: Encryption | null, worker: string) {
    this.#assignment = assignment;
    this.#encryption = encryption;
    this.#worker = worker;
    // One that was lost before is told of at once, since it may take this worker with it as well.
    const delay = assignment.wasLost ? 0 : assignedAfter;
    this.#timer = setTimeout(() => this.assigned(this.#worker, undefined), delay).unref();
  }

  readonly progress = (...said: readonly [done: number, totalOrNote?: number | string, note?: string]): void => {
    if (this.#said.length >= mostAtOnce && this.#said.at(-1)?.type === 'progress') this.#said.pop();
    this.#say({ type: 'progress', said: [...said] as Extract<Said, { type: 'progress' }>['said'] });
  };

  readonly log = (message: string): void => this.#say({ type: 'log', message });

  readonly assigned = (worker: string, pid: number | undefined): void => this.#say({ type: 'assigned', worker, pid });

  /** Resolves when everything is told that was said. */
  async end(): Promise<void> {
    clearTimeout(this.#timer);
    clearTimeout(this.#flush);
    this.#send();
    await this.#told;
  }

  #say(said: Said): void {
    if (this.#said.push(said) === 1) this.#flush = setTimeout(() => this.#send(), gatheredFor);
  }

  #send(): void {
    if (this.#said.length === 0) return;
    const content: AllSaid = { all: this.#said };
    this.#said = [];
    const { id, queue } = this.#assignment;
    const sealed = andThen(this.#told, () => seal(content, this.#encryption, { kind: 'said', queue, id }));
    // Nobody may be there any more to whom it could be told.
    this.#told = Promise.resolve(sealed)
      .then((text) => this.#assignment.tell(text))
      .catch(() => undefined);
  }
}
