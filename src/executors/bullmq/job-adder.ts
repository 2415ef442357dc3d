import type { Queue } from 'bullmq';
import type { Bundler } from './bundler';
import { isBroken } from './connection';
import { tryAgainAfter } from './insist';
import { Bundle, type WaitingJob } from './waiting-job';

export interface JobAdderParts {
  readonly queue: Queue;
  readonly bundler: Bundler;
  /** Told when a bundle goes to Redis. */
  readonly onBundle: (bundle: Bundle) => void;
  /** Whether a job is still waited for. */
  readonly isWanted: (job: WaitingJob) => boolean;
  /** What has to be done before jobs are added. */
  readonly before: () => Promise<void>;
  /** Told when it is not known of some jobs whether they were added: they are to be looked for. */
  readonly onUnsure: () => void;
  /** Told when a job cannot be added, whatever is tried. */
  readonly onRefused: (job: WaitingJob, error: unknown) => void;
}

/** How many jobs go in one request: Redis does nothing else meanwhile. */
const addedAtOnce = 100;
const jobOptions = Object.freeze({ attempts: 1, removeOnComplete: true, removeOnFail: true });

/** Adds jobs to a queue, many at once. */
export class JobAdder {
  readonly #parts: JobAdderParts;
  #toAdd = new Set<WaitingJob>();

  constructor(parts: JobAdderParts) {
    this.#parts = parts;
  }

  add(job: WaitingJob): void {
    if (this.#toAdd.size === 0) setImmediate(() => void this.#flush());
    this.#toAdd.add(job);
  }

  /** Adds what was asked for in one turn of the event loop. */
  async #flush(): Promise<void> {
    const jobs = [...this.#toAdd];
    this.#toAdd = new Set();
    try {
      await this.#parts.before();
      const parcels = this.#parts.bundler.pack(jobs.filter(this.#parts.isWanted));
      for (let i = 0; i < parcels.length; i += addedAtOnce) await this.#send(parcels.slice(i, i + addedAtOnce));
    } catch (error) {
      const notAdded = jobs.filter(({ isAdded }) => !isAdded);
      if (isBroken(error)) this.#brokeOff(notAdded);
      else for (const job of notAdded) this.#parts.onRefused(job, error);
    }
  }

  async #send(packed: readonly (WaitingJob | Bundle)[]): Promise<void> {
    const parcels = packed.filter((one) => (one instanceof Bundle ? one.jobs.size > 0 : this.#parts.isWanted(one)));
    if (parcels.length === 0) return;
    for (const parcel of parcels) {
      if (parcel instanceof Bundle) this.#parts.onBundle(parcel);
      for (const job of jobsOf(parcel)) job.isSent = true;
    }
    await this.#parts.queue.addBulk(
      parcels.map(({ id, data }) => ({ name: data.task, data, opts: { ...jobOptions, jobId: id } })),
    );
    for (const parcel of parcels) for (const job of jobsOf(parcel)) job.isAdded = true;
  }

  /** Until the connection is lost for good, jobs are added again; but one that was sent may be there, or even be done. */
  #brokeOff(jobs: readonly WaitingJob[]): void {
    for (const job of jobs) job.isUnsure = job.isSent;
    this.#parts.onUnsure();
    const unsent = jobs.filter(({ isSent }) => !isSent);
    setTimeout(() => {
      for (const job of unsent) if (this.#parts.isWanted(job)) this.add(job);
    }, tryAgainAfter);
  }
}

function jobsOf(parcel: WaitingJob | Bundle): Iterable<WaitingJob> {
  return parcel instanceof Bundle ? parcel.jobs : [parcel];
}
