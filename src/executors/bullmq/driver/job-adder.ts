import type { Queue } from 'bullmq';
import { isDisconnect, retryDelay } from '../connection';
import type { Batcher } from './batcher';
import { JobBatch, type PendingJob } from './pending-job';

export interface JobAdderParts {
  readonly queue: Queue;
  readonly batcher: Batcher;
  /** Called when a batch is sent to Redis. */
  readonly onBatch: (bundle: JobBatch) => void;
  /** Whether a job still has observers. */
  readonly isWanted: (job: PendingJob) => boolean;
  /** Awaited before jobs are added. */
  readonly beforeAdding: () => Promise<void>;
  /** Called when it is unknown whether some jobs were added: they have to be checked. */
  readonly onUncertain: () => void;
  /** Called when a job cannot be added for good. */
  readonly onRejected: (job: PendingJob, error: unknown) => void;
}

/** How many jobs go in one request: Redis does nothing else meanwhile. */
const jobsPerRequest = 100;
const jobOptions = Object.freeze({ attempts: 1, removeOnComplete: true, removeOnFail: true });

/** Adds jobs to a queue, many at once. */
export class JobAdder {
  readonly #parts: JobAdderParts;
  #toAdd = new Set<PendingJob>();

  constructor(parts: JobAdderParts) {
    this.#parts = parts;
  }

  add(job: PendingJob): void {
    if (this.#toAdd.size === 0) setImmediate(() => void this.#flush());
    this.#toAdd.add(job);
  }

  /** Adds what was asked for in one turn of the event loop. */
  async #flush(): Promise<void> {
    const jobs = [...this.#toAdd];
    this.#toAdd = new Set();
    try {
      await this.#parts.beforeAdding();
      const parcels = this.#parts.batcher.pack(jobs.filter(this.#parts.isWanted));
      for (let i = 0; i < parcels.length; i += jobsPerRequest) await this.#send(parcels.slice(i, i + jobsPerRequest));
    } catch (error) {
      const notAdded = jobs.filter(({ isAdded }) => !isAdded);
      if (isDisconnect(error)) this.#onDisconnect(notAdded);
      else for (const job of notAdded) this.#parts.onRejected(job, error);
    }
  }

  async #send(packed: readonly (PendingJob | JobBatch)[]): Promise<void> {
    const parcels = packed.filter((one) => (one instanceof JobBatch ? one.jobs.size > 0 : this.#parts.isWanted(one)));
    if (parcels.length === 0) return;
    for (const parcel of parcels) {
      if (parcel instanceof JobBatch) this.#parts.onBatch(parcel);
      for (const job of jobsOf(parcel)) job.isSent = true;
    }
    await this.#parts.queue.addBulk(
      parcels.map(({ id, data }) => ({ name: data.task, data, opts: { ...jobOptions, jobId: id } })),
    );
    for (const parcel of parcels) for (const job of jobsOf(parcel)) job.isAdded = true;
  }

  /** Until the connection is lost for good, jobs are added again; but one that was sent may be there, or even be done. */
  #onDisconnect(jobs: readonly PendingJob[]): void {
    for (const job of jobs) job.isUncertain = job.isSent;
    this.#parts.onUncertain();
    const unsent = jobs.filter(({ isSent }) => !isSent);
    setTimeout(() => {
      for (const job of unsent) if (this.#parts.isWanted(job)) this.add(job);
    }, retryDelay);
  }
}

function jobsOf(parcel: PendingJob | JobBatch): Iterable<PendingJob> {
  return parcel instanceof JobBatch ? parcel.jobs : [parcel];
}
