import { andThen } from '../../../base/awaitable';
import type { Encryption } from '../../../encoding/encoder';
import type { JobUpdate, JobUpdates } from '../protocol/job-data';
import { encodePayload } from '../protocol/payload';
import type { JobToRun } from './active-job';

/** Updates within this time go in one message, in milliseconds. */
const gatherInterval = 20;
/** Of a task that tells its progress more often than anybody can see, only the latest counts. */
const maxUpdates = 100;
/** After this time the worker's name is reported, in milliseconds; for shorter jobs the answer has it. */
const assignedAfter = 100;

/** Sends progress and log messages of a running task to its driver, in order. */
export class JobReporter {
  readonly #job: JobToRun;
  readonly #encryption: Encryption | null;
  readonly #worker: string;
  readonly #timer: NodeJS.Timeout;
  #updates: JobUpdate[] = [];
  #flush: NodeJS.Timeout | undefined;
  #sent: Promise<unknown> | undefined;

  constructor(assignment: JobToRun, encryption: Encryption | null, worker: string) {
    this.#job = assignment;
    this.#encryption = encryption;
    this.#worker = worker;
    // Reported at once when an earlier worker was lost, since the task may end this one as well.
    const delay = assignment.wasLost ? 0 : assignedAfter;
    this.#timer = setTimeout(() => this.assigned(this.#worker, undefined), delay).unref();
  }

  readonly progress = (...said: readonly [done: number, totalOrNote?: number | string, note?: string]): void => {
    if (this.#updates.length >= maxUpdates && this.#updates.at(-1)?.type === 'progress') this.#updates.pop();
    this.#add({ type: 'progress', said: [...said] as Extract<JobUpdate, { type: 'progress' }>['said'] });
  };

  readonly log = (message: string): void => this.#add({ type: 'log', message });

  readonly assigned = (worker: string, pid: number | undefined): void => this.#add({ type: 'assigned', worker, pid });

  /** Resolves when all updates are sent. */
  async end(): Promise<void> {
    clearTimeout(this.#timer);
    clearTimeout(this.#flush);
    this.#send();
    await this.#sent;
  }

  #add(said: JobUpdate): void {
    if (this.#updates.push(said) === 1) this.#flush = setTimeout(() => this.#send(), gatherInterval);
  }

  #send(): void {
    if (this.#updates.length === 0) return;
    const content: JobUpdates = { all: this.#updates };
    this.#updates = [];
    const { id, queue } = this.#job;
    const sealed = andThen(this.#sent, () => encodePayload(content, this.#encryption, { kind: 'said', queue, id }));
    // The driver may be gone.
    this.#sent = Promise.resolve(sealed)
      .then((text) => this.#job.report(text))
      .catch(() => undefined);
  }
}
