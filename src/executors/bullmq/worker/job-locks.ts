import type { Redis } from 'ioredis';
import { QueueError } from '../queue-error';
import type { ActiveJob } from './active-job';
import type { WorkerQueue } from './worker-queue';

/** Shows, again and again, that the jobs which this worker runs are being worked on. */
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

  /** A lock has run out. When nobody else has the job, as when it was Redis that was away, it is taken again. */
  async #reacquire(job: ActiveJob): Promise<void> {
    if (job.isAnswered || job.isForgotten) return;
    const { queue, id, token } = job.acquired;
    const key = queue.jobKey(id);
    const lock = `${key}:lock`;
    const replies = await this.#client.pipeline().set(lock, token, 'PX', this.#duration, 'NX').exists(key).exec();
    const [isTaken, isThere] = replies?.map(([, reply]) => reply) ?? [];
    if (job.isAnswered || (isTaken === 'OK' && isThere === 1)) return;
    if (isTaken === 'OK') await this.#client.del(lock);
    // A result that is saved is found by whoever asks for it again, and no two compute it: leases see to that.
    if (isTaken === 'OK' && job.isSaved) job.isForgotten = true;
    else
      job.stop(
        'lost',
        new QueueError(
          `this worker did not show for ${this.#duration / 1000} s that it is alive, or Redis lost the job: another worker runs it`,
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
