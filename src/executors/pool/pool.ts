import { availableParallelism } from 'node:os';
import { TidemarkError } from '../../base/error';
import type { StartMessage } from '../remote/messages';
import { type PoolAnswer, PoolJob, type PoolRequest } from './pool-job';
import type { StartWorker, WorkerExit } from './worker-handle';
import { WorkerSlot } from './worker-slot';

/** How many workers may end before they were ready, one after the other, until it is no accident. */
const maxFailedStarts = 3;

export interface PoolOptions {
  readonly start: StartMessage;
  readonly startWorker: StartWorker;
  /** @default availableParallelism() */
  readonly size: number | undefined;
}

/** Workers that run one job each, first come first served. Those that end are replaced when there is work for them. */
export class Pool {
  readonly size: number;
  readonly #options: PoolOptions;
  readonly #slots = new Set<WorkerSlot>();
  readonly #idle: WorkerSlot[] = [];
  readonly #queue: PoolJob[] = [];
  readonly #inFlight = new Set<Promise<unknown>>();
  #hasStarted = false;
  #failedStarts = 0;

  /** @throws {TidemarkError} when the size is no whole number from 1 on */
  constructor(options: PoolOptions) {
    const { size = availableParallelism(), start } = options;
    if (!Number.isInteger(size) || size < 1)
      throw new TidemarkError(`the size of ${start.pool}() must be a whole number >= 1, but is ${String(size)}`);
    this.size = size;
    this.#options = options;
  }

  /**
   * Runs a job on the next worker that is free.
   *
   * @throws {WorkerLostError} when that worker ends before the job does
   */
  run(request: PoolRequest): Promise<PoolAnswer> {
    const { signal } = request.context;
    const answer = new Promise<PoolAnswer>((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const job = new PoolJob(request, resolve, reject, (one) => this.#abortQueued(one));
      this.#queue.push(job);
      this.#dispatch();
    });
    this.#inFlight.add(answer);
    const done = () => void this.#inFlight.delete(answer);
    answer.then(done, done);
    return answer;
  }

  /** Waits for the jobs under way and ends the workers. The next job starts new ones. */
  async close(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.allSettled(this.#inFlight);
    const ending = [...this.#slots];
    this.#slots.clear();
    this.#idle.length = 0;
    this.#hasStarted = false;
    await Promise.all(ending.map((member) => member.end()));
  }

  #dispatch(): void {
    this.#startMissing();
    while (this.#queue.length > 0) {
      const member = this.#idle.pop();
      if (!member) return;
      member.run(this.#queue.shift()!);
    }
  }

  /** The first job starts all workers, so that they are ready when more comes; afterwards there are as many as are of use. */
  #startMissing(): void {
    const missing = this.size - this.#slots.size;
    const wanted = this.#hasStarted ? Math.min(missing, this.#queue.length - this.#idle.length) : missing;
    this.#hasStarted = true;
    try {
      for (let i = 0; i < wanted; i++) this.#start();
    } catch (error) {
      failAll(this.#queue.splice(0), error);
    }
  }

  #start(): void {
    const { startWorker, start } = this.#options;
    const member: WorkerSlot = new WorkerSlot(startWorker, start, {
      ready: () => void (this.#failedStarts = 0),
      free: () => {
        if (!this.#slots.has(member)) return;
        this.#idle.push(member);
        this.#dispatch();
      },
      exited: (ending) => this.#exited(member, ending),
    });
    this.#slots.add(member);
    this.#idle.unshift(member);
  }

  #exited(member: WorkerSlot, ending: WorkerExit): void {
    if (!this.#slots.delete(member)) return;
    const at = this.#idle.indexOf(member);
    if (at >= 0) this.#idle.splice(at, 1);
    if (!member.isReady && !member.wasKilled && ++this.#failedStarts >= maxFailedStarts) {
      this.#failedStarts = 0;
      const waiting = this.#queue.splice(0);
      void member.lostError(ending).then((error) => failAll(waiting, error));
    } else if (this.#queue.length > 0) this.#dispatch();
  }

  #abortQueued(job: PoolJob): void {
    const at = this.#queue.indexOf(job);
    if (at < 0) return;
    this.#queue.splice(at, 1);
    job.fail(job.request.context.signal.reason);
  }
}

function failAll(jobs: readonly PoolJob[], error: unknown): void {
  for (const job of jobs) job.fail(error);
}
