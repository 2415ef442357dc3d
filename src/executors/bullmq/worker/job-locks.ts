import type { Redis } from 'ioredis';
import { QueueError } from '../queue-error';
import type { ActiveJob } from './active-job';
import type { WorkerQueue } from './worker-queue';

/** Renews the locks of the jobs that this worker runs. */
export class JobLocks {
  readonly #client: Redis;
  readonly #duration: number;
  readonly #running: ReadonlySet<ActiveJob>;
  readonly #timer: NodeJS.Timeout;
  #isRenewing = false;

  /** @param duration how long a lock lasts, in milliseconds */
  constructor(client: Redis, duration: number, running: ReadonlySet<ActiveJob>) {
    this.#client = client;
    this.#duration = duration;
    this.#running = running;
    this.#timer = setInterval(() => void this.#renew(), duration / 3);
    // After a while without Redis, before others look for jobs without a lock.
    client.on('ready', () => void this.#renew());
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #renew(): Promise<void> {
    if (this.#isRenewing) return;
    this.#isRenewing = true;
    try {
      for (const [queue, jobs] of this.#byQueue()) {
        const taken = jobs.map((job) => job.acquired);
        const failed = new Set(await queue.extendLocks(taken, this.#duration));
        for (const job of jobs) if (failed.has(job.acquired.id)) await this.#reacquire(job);
      }
    } catch {
      // Redis is away: it is tried again when that is back.
    } finally {
      this.#isRenewing = false;
    }
  }

  /** Acquires an expired lock again, unless another worker has the job. */
  async #reacquire(job: ActiveJob): Promise<void> {
    if (job.isAnswered || job.isForgotten) return;
    const { queue, id, token } = job.acquired;
    const key = queue.jobKey(id);
    const lock = `${key}:lock`;
    const replies = await this.#client.pipeline().set(lock, token, 'PX', this.#duration, 'NX').exists(key).exec();
    const [isTaken, isThere] = replies?.map(([, reply]) => reply) ?? [];
    if (job.isAnswered || (isTaken === 'OK' && isThere === 1)) return;
    if (isTaken === 'OK') await this.#client.del(lock);
    // A saved result is found when it is requested again, and leases prevent a second computation.
    if (isTaken === 'OK' && job.isSaved) job.isForgotten = true;
    else
      job.stop(
        'lost',
        new QueueError(
          `this worker did not renew its lock for ${this.#duration / 1000} s, or Redis lost the job: another worker runs it`,
        ),
      );
  }

  #byQueue(): ReadonlyMap<WorkerQueue, ActiveJob[]> {
    const queues = new Map<WorkerQueue, ActiveJob[]>();
    for (const job of this.#running) {
      if (job.isForgotten || job.isAnswered) continue;
      const jobs = queues.get(job.acquired.queue);
      if (jobs) jobs.push(job);
      else queues.set(job.acquired.queue, [job]);
    }
    return queues;
  }
}
