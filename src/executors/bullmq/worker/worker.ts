import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import type { Storage } from '../../../storage/storage';
import { StorageStack } from '../../../storage/storage-stack';
import { isDisconnect } from '../connection';
import { RedisKeys } from '../protocol/redis-keys';
import { sharedStore } from '../protocol/shared-store';
import { TemporaryResults } from '../protocol/temporary-results';
import { type WorkerRegistration, WorkerRegistry } from '../protocol/worker-registry';
import { QueueError } from '../queue-error';
import type { ActiveJob } from './active-job';
import { Cancellations, HeartbeatReader, readCancelReason } from './cancellations';
import type { WorkerConnections } from './connections';
import { type JobBackend, makeJobBackend } from './job-backend';
import { JobFetcher, WorkerLoops } from './job-fetcher';
import { JobLocks } from './job-locks';
import { JobProcessor } from './job-processor';
import { JobRunner } from './job-runner';
import { Maintenance } from './maintenance';
import type { FullWorkerOptions, WorkerHealth } from './options';
import { ResultKeeper } from './result-keeper';
import type { TaskList } from './task-list';
import { WorkerQueue } from './worker-queue';

/** Name of the workers of this process, for people. */
const workerName = `${hostname()}/${process.pid}`;

/** How a worker is closed. */
export interface CloseOptions {
  /** Whether running jobs go back to their queue at once, for other workers. @default false */
  readonly handBack?: boolean;
}

/** How long a task may take to end whose job is handed back, in milliseconds. */
const endTimeout = 2_000;
/** For how long Redis has to be away for a worker to close without it, in ticks, and how long one is, in milliseconds. */
const cutOffAfter = 8;
const cutOffTick = 250;

/** Takes jobs of queues and runs them, until it is closed. Made by `startWorker`. */
export class TidemarkWorker {
  /** `host/pid` */
  readonly name: string = workerName;
  readonly queues: readonly string[];
  /** Resolves when it is closed. */
  readonly closed: Promise<void>;
  readonly #options: FullWorkerOptions;
  readonly #connections: WorkerConnections;
  readonly #queues: readonly WorkerQueue[];
  readonly #backend: JobBackend;
  readonly #processor: JobProcessor;
  readonly #locks: JobLocks;
  readonly #cancellations: Cancellations;
  readonly #maintenance: Maintenance;
  readonly #runner: JobRunner;
  readonly #tasks: TaskList;
  readonly #fetcher: JobFetcher;
  #loops: WorkerLoops | undefined;
  #closing: Promise<void> | undefined;
  #settleHandedBack!: () => void;
  readonly #handedBack = new Promise<void>((resolve) => (this.#settleHandedBack = resolve));
  #settleClosed!: () => void;

  /** @internal */
  constructor(options: FullWorkerOptions, tasks: TaskList, connections: WorkerConnections) {
    this.#options = options;
    this.#connections = connections;
    this.#tasks = tasks;
    this.queues = options.queues ?? tasks.queues;
    this.closed = new Promise((resolve) => (this.#settleClosed = resolve));
    const { commands, blocking, subscriber } = connections;
    const { client } = commands;
    const { prefix, lockDuration, maxStalledCount, onWarning } = options;
    const keys = new RedisKeys(prefix);
    const layers = workerStorage(options.storage);
    const onError = (error: Error) => isDisconnect(error) || onWarning(`BullMQ: ${error.message}`);
    this.#queues = this.queues.map(
      (name) => new WorkerQueue(name, { commands, prefix, lockDuration, maxStalledCount, name: this.name, onError }),
    );
    const board = new WorkerRegistry(client, keys);
    const queues = this.#queues.map(({ bullName }) => bullName);
    const notice: WorkerRegistration = { id: randomUUID(), name: this.name, queues, tasks: tasks.registration };
    const passing = new TemporaryResults(client, keys);
    this.#backend = makeJobBackend(options, tasks.catalog);
    this.#runner = new JobRunner({
      name: this.name,
      tasks,
      layers,
      keeper: new ResultKeeper(layers, passing),
      backend: this.#backend,
    });
    this.#processor = new JobProcessor({
      client,
      keys,
      registry: board,
      heartbeats: new HeartbeatReader(client, keys),
      tasks,
      runner: this.#runner,
      registration: notice,
      lockDuration,
      onBegin: (running) => this.#onBegin(running),
      onUnsupported: (queue, delay) => this.#fetcher.pause(queue, delay),
      onWarning,
    });
    const { running } = this.#processor;
    this.#locks = new JobLocks(client, lockDuration, running);
    const onAbort = (job: ActiveJob, reason: string) => void this.#onCancelled(job, reason);
    this.#cancellations = new Cancellations({ commands, hearing: subscriber, keys, running, onAbort });
    this.#fetcher = new JobFetcher(this.#queues, blocking);
    const onHealth = () => options.onHealth(this.health);
    const layer = sharedStore(layers);
    this.#maintenance = new Maintenance({
      client,
      keys,
      registry: board,
      registration: notice,
      temporaryResults: passing,
      store: layer,
      onHealth,
      health: () => this.health,
    });
  }

  /** @internal */
  async start(): Promise<void> {
    for (const queue of this.queues)
      if (!this.#tasks.queues.includes(queue))
        this.#options.onWarning(
          `no task of this worker uses queue ${queue} (its queues: ${this.#tasks.queues.join(', ') || 'none'})`,
        );
    await this.#cancellations.start();
    await this.#maintenance.start();
    this.#loops = new WorkerLoops({
      count: this.#options.concurrency,
      fetcher: this.#fetcher,
      hasOneQueue: this.#queues.length === 1,
      process: (taken, wantsNext) => this.#processor.process(taken, wantsNext),
      onWarning: this.#options.onWarning,
    });
  }

  /** Current state of the worker. */
  get health(): WorkerHealth {
    const { done, failed, running } = this.#processor;
    const { concurrency } = this.#options;
    const isConnected = this.#connections.commands.isReady;
    return { name: this.name, queues: this.queues, concurrency, running: running.size, done, failed, isConnected };
  }

  /**
   * Takes no more jobs, waits for those that run, or hands them back to their queues, and lets go of everything.
   *
   * @example
   * process.once('SIGTERM', () => worker.close({ handBack: true }));
   */
  close({ handBack = false }: CloseOptions = {}): Promise<void> {
    if (handBack) void this.#handBack();
    this.#closing ??= this.#close().finally(this.#settleClosed);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    const { grace, storage, ownsStorage } = this.#options;
    const timer = grace === Number.POSITIVE_INFINITY ? undefined : setTimeout(() => void this.#handBack(), grace);
    const over = this.#loops?.close();
    await Promise.race([over, this.#handedBack, this.#cutOff()]);
    clearTimeout(timer);
    this.#locks.close();
    await this.#maintenance.close();
    await Promise.all(this.#queues.map((queue) => queue.close()));
    this.#connections.close();
    await this.#backend.close();
    const problem = await this.#tasks.catalog.close();
    if (problem !== undefined) this.#options.onWarning(problem);
    if (ownsStorage) await storage.close();
  }

  /** Resolves when nothing runs any more and Redis is away, so that answers cannot be given. */
  async #cutOff(): Promise<void> {
    for (let ticks = 0; ticks < cutOffAfter; ) {
      await wait(cutOffTick, undefined, { ref: false });
      const isIdle = [...this.#processor.running].every(({ isAnswered }) => isAnswered);
      ticks = isIdle && !this.#connections.commands.isReady ? ticks + 1 : 0;
    }
  }

  /** Ends what is running; the next worker takes it. */
  async #handBack(): Promise<void> {
    const jobs = [...this.#processor.running];
    const reason = new QueueError(`the worker ${this.name} stops; another one takes its job`);
    for (const job of jobs) job.stop('handed back', reason);
    const ended = this.#loops?.close();
    await Promise.race([ended, wait(endTimeout, undefined, { ref: false })]);
    // A task in this thread may go on all the same.
    for (const { acquired, isAnswered } of this.#processor.running)
      if (!isAnswered) await acquired.queue.handBack(acquired).catch(() => undefined);
    this.#settleHandedBack();
  }

  #onBegin(running: ActiveJob): void {
    this.#cancellations.check(running);
  }

  async #onCancelled(running: ActiveJob, text: string): Promise<void> {
    const { data, id, queue } = running.acquired;
    const task = this.#tasks.find(data.task, data.version);
    const encryption = task ? this.#runner.encryptionOf(task) : null;
    running.stop('aborted', await readCancelReason(text, encryption, { queue: queue.name, id }, this.#options.modules));
  }
}

/** The storage of a worker: the shared store is always written, also when a nearer one is. */
function workerStorage({ stack }: Storage): StorageStack {
  const shared = sharedStore(stack);
  return shared ? new StorageStack(stack.reads, [...new Set([...stack.writes, shared])]) : stack;
}
