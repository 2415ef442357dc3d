import type { Job as BullJob, Worker } from 'bullmq';
import type { BundleData, BundleSaid } from '../bundle-content';
import type { Connection } from '../connection';
import type { Sealed } from '../envelope';
import type { JobData } from '../job-content';
import { loadBullMq } from '../load-packages';
import { queueName } from '../names';

/** A job that a worker has, and by which token. */
export interface Taken {
  readonly queue: WorkerQueue;
  readonly job: BullJob<JobData | BundleData>;
  readonly id: string;
  readonly token: string;
}

export interface WorkerQueueOptions {
  readonly commands: Connection;
  readonly prefix: string;
  readonly lockDuration: number;
  readonly maxStalledCount: number;
  /** The worker's name. */
  readonly name: string;
  readonly onError: (error: Error) => void;
}

/**
 * A queue as a worker sees it: BullMQ's own worker, whose jobs are fetched by hand, so that a worker of many queues
 * takes no more jobs than it can run.
 */
export class WorkerQueue {
  /** As tasks name it. */
  readonly name: string;
  readonly bullName: string;
  /** What is pushed when a job may be there. */
  readonly marker: string;
  readonly #worker: Worker<JobData | BundleData>;

  constructor(
    name: string,
    { commands, prefix, lockDuration, maxStalledCount, name: by, onError }: WorkerQueueOptions,
  ) {
    const { Worker: BullWorker, createRedisBackend } = loadBullMq();
    this.name = name;
    this.bullName = queueName(name);
    const options = {
      connection: commands.client,
      prefix,
      name: by,
      lockDuration,
      maxStalledCount,
      // Twice in a lock's time, since a job counts as lost when it was not renewed between two looks.
      stalledInterval: Math.max(50, lockDuration / 2),
      autorun: false,
      skipVersionCheck: true,
    };
    // Without a connection of its own for waiting: one waits for all queues.
    this.#worker = new BullWorker<JobData | BundleData>(this.bullName, undefined, options, (queue, given) =>
      createRedisBackend(queue, given),
    );
    this.#worker.on('error', onError);
    this.marker = this.#worker.keys['marker']!;
    void this.#worker.startStalledCheckTimer();
  }

  /** The next job, when there is one and the queue's limit allows it. */
  async take(token: string): Promise<Taken | undefined> {
    const job = await this.#worker.getNextJob(token, { block: false });
    return job && this.#taken(job as BullJob<JobData | BundleData>, token);
  }

  /** @returns the next job, when one is wanted and there is one */
  async complete({ job, token }: Taken, answer: Sealed, wantsNext: boolean): Promise<Taken | undefined> {
    return this.#next(await job.moveToCompleted(answer, token, wantsNext), token);
  }

  async fail({ job, token }: Taken, answer: Sealed, wantsNext: boolean): Promise<Taken | undefined> {
    // Redis keeps the stack as well, which would be the answer again.
    const error: Error = { name: 'Error', message: JSON.stringify(answer), stack: '' };
    return this.#next(await job.moveToFailed(error, token, wantsNext), token);
  }

  /** Gives a job back to be the next one that is taken. */
  async handBack({ job, token }: Taken): Promise<void> {
    await job.moveToWait(token);
  }

  /** Gives a job back to be taken later. @param delay in milliseconds */
  async putOff({ job, token }: Taken, delay: number): Promise<void> {
    await job.moveToDelayed(Date.now() + delay, token);
  }

  async tell({ job }: Taken, said: Sealed | BundleSaid): Promise<void> {
    await job.updateProgress(said);
  }

  /** Shows that jobs are being worked on. Gives the ids of those that were lost. */
  extendLocks(taken: readonly Taken[], duration: number): Promise<readonly string[]> {
    return this.#worker.extendJobLocks(
      taken.map(({ id }) => id),
      taken.map(({ token }) => token),
      duration,
    );
  }

  jobKey(id: string): string {
    return this.#worker.toKey(id);
  }

  async close(): Promise<void> {
    // Its connection is not its own, and stays open.
    await this.#worker.close(true);
  }

  #taken(job: BullJob<JobData | BundleData>, token: string): Taken {
    return { queue: this, job, id: job.id!, token };
  }

  #next(finished: unknown, token: string): Taken | undefined {
    const [json, id] = Array.isArray(finished) ? finished : [];
    if (!json) return undefined;
    const { Job } = loadBullMq();
    return this.#taken(Job.fromJSON(this.#worker, json, id) as BullJob<JobData | BundleData>, token);
  }
}
