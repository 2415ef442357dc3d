import type { Job as BullJob, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { describeError } from '../../../base/describe-error';
import type { BundleData, BundleSaid } from '../bundle-content';
import { type Connection, isBroken } from '../connection';
import { describeText, type Sealed } from '../envelope';
import type { JobData } from '../job-content';
import { loadBullMq } from '../load-packages';
import { queueName } from '../names';
import { readJobData } from '../read-content';

/** A job that a worker has, and by which token. */
export interface Taken {
  readonly queue: WorkerQueue;
  readonly job: BullJob<JobData | BundleData>;
  readonly id: string;
  readonly token: string;
  /** What it says; nothing, when it cannot be read. */
  readonly data: JobData | BundleData;
  /** Why it cannot be read. */
  readonly problem: string | undefined;
}

const nothing: JobData = Object.freeze({ task: 'an unreadable job', isSaved: false, body: '', sum: '' });
/** Of a job whose options cannot be read. */
const ownOptions = Object.freeze({ attempts: 1, removeOnComplete: true, removeOnFail: true });

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
  readonly #client: Redis;

  constructor(
    name: string,
    { commands, prefix, lockDuration, maxStalledCount, name: by, onError }: WorkerQueueOptions,
  ) {
    const { Worker: BullWorker, createRedisBackend } = loadBullMq();
    this.name = name;
    this.#client = commands.client;
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
    try {
      const job = await this.#worker.getNextJob(token, { block: false });
      return job && this.#taken(job as BullJob<JobData | BundleData>, token);
    } catch (error) {
      return this.#unreadable(token, error);
    }
  }

  /** @returns the next job, when one is wanted and there is one */
  async complete({ job, token }: Taken, answer: Sealed, wantsNext: boolean): Promise<Taken | undefined> {
    return this.#next(job, token, () => job.moveToCompleted(answer, token, wantsNext));
  }

  async fail({ job, token }: Taken, answer: Sealed, wantsNext: boolean): Promise<Taken | undefined> {
    // Redis keeps the stack as well, which would be the answer again.
    const error: Error = { name: 'Error', message: JSON.stringify(answer), stack: '' };
    return this.#next(job, token, () => job.moveToFailed(error, token, wantsNext));
  }

  /** Takes a job out of Redis that BullMQ itself cannot deal with, and fails it. */
  async discard({ id }: Taken, answer: Sealed): Promise<void> {
    const { active, failed, stalled, events } = this.#worker.keys as Readonly<Record<string, string>>;
    const key = this.jobKey(id);
    const failure = ['event', 'failed', 'jobId', id, 'failedReason', JSON.stringify(answer)];
    await this.#client
      .multi()
      .lrem(active!, 0, id)
      .zrem(failed!, id)
      .srem(stalled!, id)
      .del(key, `${key}:lock`)
      .xadd(events!, '*', ...failure)
      .exec();
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

  #taken(job: BullJob<JobData | BundleData>, token: string, why?: string): Taken {
    const data = readJobData(job.data);
    const problem = why ?? (data ? undefined : `its data is ${describeText(job.data)}`);
    if (problem !== undefined) Object.assign(job.opts, ownOptions);
    return { queue: this, job, id: job.id!, token, data: data ?? nothing, problem };
  }

  /** Finishes a job. Gives the next one, when there is one. */
  async #next(
    { id }: BullJob<JobData | BundleData>,
    token: string,
    finish: () => Promise<unknown>,
  ): Promise<Taken | undefined> {
    try {
      const finished = await finish();
      const [json, nextId] = Array.isArray(finished) ? finished : [];
      if (!json) return undefined;
      const { Job } = loadBullMq();
      return this.#taken(Job.fromJSON(this.#worker, json, nextId) as BullJob<JobData | BundleData>, token);
    } catch (error) {
      return this.#unreadable(token, error, id);
    }
  }

  /** The job that was taken by a token, and that BullMQ cannot read. @throws the error when there is none */
  async #unreadable(token: string, error: unknown, finished?: string): Promise<Taken> {
    if (isBroken(error)) throw error;
    const ids = await this.#client.lrange(this.#worker.keys['active']!, 0, -1);
    const owners = ids.length === 0 ? [] : await this.#client.mget(ids.map((id) => `${this.jobKey(id)}:lock`));
    const id = ids.find((one, i) => owners[i] === token && one !== finished);
    if (id === undefined) throw error;
    const { Job } = loadBullMq();
    const job = new Job<JobData | BundleData>(this.#worker, nothing.task, nothing, {}, id);
    return this.#taken(job, token, `BullMQ cannot read it (${describeError(error)})`);
  }
}
