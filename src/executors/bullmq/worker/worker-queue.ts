import type { Job as BullJob, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { describeError } from '../../../base/describe-error';
import { type Connection, isDisconnect } from '../connection';
import { loadBullMq } from '../load-packages';
import type { BatchData, BatchUpdate, JobData } from '../protocol/job-data';
import { describeRaw, type Payload } from '../protocol/payload';
import { readJobData } from '../protocol/read-data';
import { queueName } from '../protocol/redis-keys';

/** A job that a worker has, and by which token. */
export interface AcquiredJob {
  readonly queue: WorkerQueue;
  readonly job: BullJob<JobData | BatchData>;
  readonly id: string;
  readonly token: string;
  /** Data of the job; a placeholder when it is unreadable. */
  readonly data: JobData | BatchData;
  /** Why it cannot be read. */
  readonly problem: string | undefined;
}

const noData: JobData = Object.freeze({ task: 'an unreadable job', isSaved: false, body: '', sum: '' });
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
  /** Key that receives a marker when the queue may have a job. */
  readonly marker: string;
  readonly #worker: Worker<JobData | BatchData>;
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
    this.#worker = new BullWorker<JobData | BatchData>(this.bullName, undefined, options, (queue, given) =>
      createRedisBackend(queue, given),
    );
    this.#worker.on('error', onError);
    this.marker = this.#worker.keys['marker']!;
    void this.#worker.startStalledCheckTimer();
  }

  /** The next job, when there is one and the queue's limit allows it. */
  async acquire(token: string): Promise<AcquiredJob | undefined> {
    try {
      const job = await this.#worker.getNextJob(token, { block: false });
      return job && this.#acquired(job as BullJob<JobData | BatchData>, token);
    } catch (error) {
      return this.#unreadable(token, error);
    }
  }

  /** @returns the next job, when one is wanted and there is one */
  async complete({ job, token }: AcquiredJob, answer: Payload, wantsNext: boolean): Promise<AcquiredJob | undefined> {
    return this.#next(job, token, () => job.moveToCompleted(answer, token, wantsNext));
  }

  async fail({ job, token }: AcquiredJob, answer: Payload, wantsNext: boolean): Promise<AcquiredJob | undefined> {
    // Redis keeps the stack as well, which would be the answer again.
    const error: Error = { name: 'Error', message: JSON.stringify(answer), stack: '' };
    return this.#next(job, token, () => job.moveToFailed(error, token, wantsNext));
  }

  /** Takes a job out of Redis that BullMQ itself cannot deal with, and fails it. */
  async discard({ id }: AcquiredJob, answer: Payload): Promise<void> {
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
  async handBack({ job, token }: AcquiredJob): Promise<void> {
    await job.moveToWait(token);
  }

  /** Gives a job back to be taken later. @param delay in milliseconds */
  async postpone({ job, token }: AcquiredJob, delay: number): Promise<void> {
    await job.moveToDelayed(Date.now() + delay, token);
  }

  async report({ job }: AcquiredJob, said: Payload | BatchUpdate): Promise<void> {
    await job.updateProgress(said);
  }

  /** Shows that jobs are being worked on. Gives the ids of those that were lost. */
  extendLocks(taken: readonly AcquiredJob[], duration: number): Promise<readonly string[]> {
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

  #acquired(job: BullJob<JobData | BatchData>, token: string, why?: string): AcquiredJob {
    const data = readJobData(job.data);
    const problem = why ?? (data ? undefined : `its data is ${describeRaw(job.data)}`);
    if (problem !== undefined) Object.assign(job.opts, ownOptions);
    return { queue: this, job, id: job.id!, token, data: data ?? noData, problem };
  }

  /** Finishes a job. Gives the next one, when there is one. */
  async #next(
    { id }: BullJob<JobData | BatchData>,
    token: string,
    finish: () => Promise<unknown>,
  ): Promise<AcquiredJob | undefined> {
    try {
      const finished = await finish();
      const [json, nextId] = Array.isArray(finished) ? finished : [];
      if (!json) return undefined;
      const { Job } = loadBullMq();
      return this.#acquired(Job.fromJSON(this.#worker, json, nextId) as BullJob<JobData | BatchData>, token);
    } catch (error) {
      return this.#unreadable(token, error, id);
    }
  }

  /** The job that was taken by a token, and that BullMQ cannot read. @throws the error when there is none */
  async #unreadable(token: string, error: unknown, finished?: string): Promise<AcquiredJob> {
    if (isDisconnect(error)) throw error;
    const ids = await this.#client.lrange(this.#worker.keys['active']!, 0, -1);
    const owners = ids.length === 0 ? [] : await this.#client.mget(ids.map((id) => `${this.jobKey(id)}:lock`));
    const id = ids.find((one, i) => owners[i] === token && one !== finished);
    if (id === undefined) throw error;
    const { Job } = loadBullMq();
    const job = new Job<JobData | BatchData>(this.#worker, noData.task, noData, {}, id);
    return this.#acquired(job, token, `BullMQ cannot read it (${describeError(error)})`);
  }
}
