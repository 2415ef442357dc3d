import { Connection, retryDelay, retryOnDisconnect } from '../connection';
import { loadBullMq } from '../load-packages';
import type { BullMqOptions, QueueMetrics } from '../options';
import type { BatchedAnswer } from '../protocol/job-data';
import { readBatchAnswers } from '../protocol/read-data';
import { queueName, RedisKeys } from '../protocol/redis-keys';
import { TemporaryResults } from '../protocol/temporary-results';
import { WorkerRegistry } from '../protocol/worker-registry';
import type { QueueError } from '../queue-error';
import { DriverHeartbeat } from './driver-heartbeat';
import { DriverQueue, type QueueHost } from './driver-queue';
import { type EventFollower, EventReader } from './event-reader';
import { findActiveJobs, findLostJobs } from './job-recovery';

/** So that a driver that is busy for some seconds misses nothing, whatever others do. */
const maxEvents = 50_000;

interface DriverSessionOptions extends Required<Omit<BullMqOptions, 'modules'>> {
  /** Of queues, across all workers. */
  readonly limits: ReadonlyMap<string, number>;
  readonly onLost: (session: DriverSession) => void;
}

/** A driver's connections to Redis and what lives on them: from the first job until they are lost or closed. */
export class DriverSession implements QueueHost {
  readonly keys: RedisKeys;
  readonly temporaryResults: TemporaryResults;
  readonly registry: WorkerRegistry;
  readonly heartbeat: DriverHeartbeat;
  readonly commands: Connection;
  /** Also sends what must be in Redis before the jobs: commands of one connection keep their order. */
  readonly adding: Connection;
  readonly #events: Connection;
  readonly #reader: EventReader;
  readonly #options: DriverSessionOptions;
  readonly #queues = new Map<string, DriverQueue>();
  readonly #check: NodeJS.Timeout;
  #ready: Promise<unknown> | undefined;
  #soon: NodeJS.Timeout | undefined;
  #isChecking = false;
  #waiting = 0;

  /** @throws {QueueError} when the packages are not installed */
  constructor(options: DriverSessionOptions) {
    const { connection, patience, prefix, checkInterval } = options;
    this.#options = options;
    this.keys = new RedisKeys(prefix);
    const onLost = (error: QueueError) => this.#lost(error);
    this.commands = new Connection({ connection, patience, onLost });
    this.adding = new Connection({ connection, patience, onLost, sendsOnce: true });
    this.#events = new Connection({ connection, patience, onLost, isBlocking: true });
    this.#reader = new EventReader(this.commands, this.#events, this.keys);
    const { client } = this.commands;
    this.temporaryResults = new TemporaryResults(client, this.keys);
    this.registry = new WorkerRegistry(client, this.keys);
    this.heartbeat = new DriverHeartbeat(this.adding.client, this.keys);
    // Redis may have come back without what it knew.
    this.adding.client.on('ready', () => this.#announce());
    this.#check = setInterval(() => void this.#checkJobs(), checkInterval).unref();
  }

  /** @throws {QueueError} within 5 seconds when Redis cannot be reached for the first time */
  ready(): Promise<unknown> {
    this.#ready ??= Promise.all(this.#connections.map((one) => one.ready()));
    return this.#ready;
  }

  /** The queue of this name. */
  queue(name: string): DriverQueue {
    let queue = this.#queues.get(name);
    if (!queue) {
      const { Queue } = loadBullMq();
      const { prefix, bundle } = this.#options;
      const bull = new Queue(queueName(name), {
        connection: this.adding.client,
        prefix,
        skipVersionCheck: true,
        skipMetasUpdate: true,
      });
      bull.on('error', () => undefined);
      queue = new DriverQueue(name, bull, this, bundle);
      this.#queues.set(name, queue);
      this.#writeLimit(queue);
    }
    return queue;
  }

  get queues(): readonly DriverQueue[] {
    return [...this.#queues.values()];
  }

  /** A queue has another limit now. */
  limit(name: string): void {
    const queue = this.#queues.get(name);
    if (queue) this.#writeLimit(queue);
  }

  /** While something waits, the process lives. */
  addWaiting(count: number): void {
    const before = this.#waiting;
    this.#waiting += count;
    if (before === 0 || this.#waiting === 0) this.#setRef(this.#waiting > 0);
  }

  follow(follower: EventFollower): Promise<void> {
    return this.#reader.follow(follower);
  }

  async cancel(queue: string, jobId: string, reason: string): Promise<void> {
    const { client } = this.commands;
    const key = this.keys.cancellation(queue, jobId);
    const message = JSON.stringify({ queue, jobId, reason });
    await client.pipeline().set(key, reason, 'PX', cancellationTtl).publish(this.keys.cancellations, message).exec();
  }

  async readBatchAnswers(place: string): Promise<readonly BatchedAnswer[] | undefined> {
    const { client } = this.commands;
    const key = this.keys.batchAnswers(place);
    const text = await retryOnDisconnect(client, () => client.get(key));
    // No other driver asked for that batch.
    client.unlink(key).catch(() => undefined);
    return text === null ? undefined : readBatchAnswers(text);
  }

  checkSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      void this.#checkJobs().then(() => {
        if (this.queues.some(({ hasUncertainJobs }) => hasUncertainJobs)) this.checkSoon();
      });
    }, retryDelay).unref();
  }

  toError(cause: unknown): QueueError {
    return this.commands.toError(cause);
  }

  /** Pending jobs fail with the error. */
  close(error: unknown = new Error('the executor was closed')): void {
    clearInterval(this.#check);
    clearTimeout(this.#soon);
    this.heartbeat.close();
    this.#reader.close();
    for (const queue of this.#queues.values()) queue.fail(error);
    for (const one of this.#connections) one.close();
  }

  get #connections(): readonly Connection[] {
    return [this.commands, this.adding, this.#events];
  }

  #lost(error: QueueError): void {
    this.#options.onLost(this);
    this.close(error);
  }

  #setRef(isReferenced: boolean): void {
    for (const one of this.#connections) one.setRef(isReferenced);
  }

  #announce(): void {
    this.heartbeat.beat();
    for (const queue of this.#queues.values()) this.#writeLimit(queue);
  }

  #writeLimit({ name, queue }: DriverQueue): void {
    const limit = this.#options.limits.get(name);
    const isLimited = limit !== undefined && limit !== Number.POSITIVE_INFINITY;
    const fields = { 'opts.maxLenEvents': maxEvents, ...(isLimited && { concurrency: limit }) };
    const meta = queue.keys['meta']!;
    const { client } = this.adding;
    client.hset(meta, fields).catch(() => undefined);
    // Without a word of a limit, the one stays that another driver has set.
    if (limit === Number.POSITIVE_INFINITY) client.hdel(meta, 'concurrency').catch(() => undefined);
  }

  /** Finds jobs that Redis has lost, and queues without workers. */
  async #checkJobs(): Promise<void> {
    if (this.#isChecking || this.#waiting === 0 || !this.commands.isReady) return;
    this.#isChecking = true;
    try {
      for (const queue of this.#queues.values()) {
        if (queue.jobs.size === 0) continue;
        const { client } = this.commands;
        const gone = await findLostJobs(queue, this.#reader, client);
        // Redis may have lost the rest as well.
        if (gone.length > 0) this.#announce();
        for (const job of gone) queue.requeueLost(job);
        for (const [job, worker] of await findActiveJobs(queue, client)) queue.markStarted(job, worker);
        if (queue.noWorkerWarning.isDue)
          queue.noWorkerWarning.update((await this.registry.workersOf(queue.queue.name)).length);
      }
    } catch {
      // The connection reports when it is lost; until then, the next check may succeed.
    } finally {
      this.#isChecking = false;
    }
  }
}

const cancellationTtl = 60_000;

/** Asked of Redis for all queues that a driver uses. */
export async function queueMetrics({
  queues,
  registry,
  keys,
  commands,
  adding,
}: DriverSession): Promise<Record<string, QueueMetrics>> {
  const notices = await registry.workersOf();
  const failed = await commands.client.hgetall(keys.failed);
  const entries = queues.map(async ({ name, queue }) => {
    const {
      wait = 0,
      active = 0,
      delayed = 0,
      prioritized = 0,
    } = await retryOnDisconnect(adding.client, () => queue.getJobCounts('wait', 'active', 'delayed', 'prioritized'));
    const workers = notices.filter(({ queues: taken }) => taken.includes(queue.name)).length;
    const metrics = {
      waiting: wait + delayed + prioritized,
      active,
      failed: Number(failed[queue.name] ?? 0) || 0,
      workers,
    };
    return [name, metrics] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
