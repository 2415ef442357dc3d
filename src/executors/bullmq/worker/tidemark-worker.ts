import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { Layers } from '../../../storage/layers';
import type { Storage } from '../../../storage/storage';
import { isBroken } from '../connection';
import { Keys } from '../names';
import { Passing } from '../passing';
import { QueueError } from '../queue-error';
import { RunsSeen } from '../run-keeper';
import { sharedLayer } from '../shared-layer';
import { WorkerBoard, type WorkerNotice } from '../worker-board';
import { abortReason } from './abort-reason';
import { Aborts } from './aborts';
import { Chores } from './chores';
import type { WorkerConnections } from './connections';
import { Desk } from './desk';
import { Intake } from './intake';
import { JobRunner } from './job-runner';
import { Lanes } from './lanes';
import { Locks } from './locks';
import type { FullWorkerOptions, WorkerHealth } from './options';
import { ResultKeeper } from './result-keeper';
import type { RunningJob } from './running-job';
import { type RunsJobs, runsJobs } from './runs-jobs';
import type { TaskList } from './task-list';
import { workerName } from './worker-name';
import { WorkerQueue } from './worker-queue';

/** How a worker is closed. */
export interface CloseOptions {
  /** Whether what is running goes back to its queue at once, for others. @default false */
  readonly handBack?: boolean;
}

/** How long a task may take to end whose job is handed back, in milliseconds. */
const mayTakeToEnd = 2_000;
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
  readonly #pool: RunsJobs;
  readonly #desk: Desk;
  readonly #locks: Locks;
  readonly #aborts: Aborts;
  readonly #chores: Chores;
  readonly #runner: JobRunner;
  readonly #tasks: TaskList;
  readonly #intake: Intake;
  #lanes: Lanes | undefined;
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
    const { commands, waiting, hearing } = connections;
    const { client } = commands;
    const { prefix, lockDuration, maxStalledCount, onWarning } = options;
    const keys = new Keys(prefix);
    const layers = layersOf(options.storage);
    const onError = (error: Error) => isBroken(error) || onWarning(`BullMQ: ${error.message}`);
    this.#queues = this.queues.map(
      (name) => new WorkerQueue(name, { commands, prefix, lockDuration, maxStalledCount, name: this.name, onError }),
    );
    const board = new WorkerBoard(client, keys);
    const queues = this.#queues.map(({ bullName }) => bullName);
    const notice: WorkerNotice = { id: randomUUID(), name: this.name, queues, tasks: tasks.notice };
    const passing = new Passing(client, keys);
    this.#pool = runsJobs(options, tasks.catalogue);
    this.#runner = new JobRunner({
      name: this.name,
      tasks,
      layers,
      keeper: new ResultKeeper(layers, passing),
      pool: this.#pool,
    });
    this.#desk = new Desk({
      client,
      keys,
      board,
      runs: new RunsSeen(client, keys),
      tasks,
      runner: this.#runner,
      notice,
      lockDuration,
      onBegin: (running) => this.#begin(running),
      onRefusal: (queue, delay) => this.#intake.rest(queue, delay),
      onWarning,
    });
    const { running } = this.#desk;
    this.#locks = new Locks(client, lockDuration, running);
    const onAbort = (job: RunningJob, reason: string) => void this.#abort(job, reason);
    this.#aborts = new Aborts({ commands, hearing, keys, running, onAbort });
    this.#intake = new Intake(this.#queues, waiting);
    const onHealth = () => options.onHealth(this.health);
    const layer = sharedLayer(layers);
    this.#chores = new Chores({ client, keys, board, notice, passing, layer, onHealth, health: () => this.health });
  }

  /** @internal */
  async start(): Promise<void> {
    for (const queue of this.queues)
      if (!this.#tasks.queues.includes(queue))
        this.#options.onWarning(
          `none of the tasks here is in the queue ${queue}; there are ${this.#tasks.queues.join(', ') || 'none'}`,
        );
    await this.#aborts.start();
    await this.#chores.start();
    this.#lanes = new Lanes({
      count: this.#options.concurrency,
      intake: this.#intake,
      hasOneQueue: this.#queues.length === 1,
      work: (taken, wantsNext) => this.#desk.work(taken, wantsNext),
      onWarning: this.#options.onWarning,
    });
  }

  /** What it is doing. */
  get health(): WorkerHealth {
    const { done, failed, running } = this.#desk;
    const { concurrency } = this.#options;
    const isConnected = this.#connections.commands.isUp;
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
    const over = this.#lanes?.close();
    await Promise.race([over, this.#handedBack, this.#cutOff()]);
    clearTimeout(timer);
    this.#locks.close();
    await this.#chores.close();
    await Promise.all(this.#queues.map((queue) => queue.close()));
    this.#connections.close();
    await this.#pool.close();
    const problem = await this.#tasks.catalogue.close();
    if (problem !== undefined) this.#options.onWarning(problem);
    if (ownsStorage) await storage.close();
  }

  /** Resolves when nothing runs any more and Redis is away, so that answers cannot be given. */
  async #cutOff(): Promise<void> {
    for (let ticks = 0; ticks < cutOffAfter; ) {
      await wait(cutOffTick, undefined, { ref: false });
      const isIdle = [...this.#desk.running].every(({ isAnswered }) => isAnswered);
      ticks = isIdle && !this.#connections.commands.isUp ? ticks + 1 : 0;
    }
  }

  /** Ends what is running; the next worker takes it. */
  async #handBack(): Promise<void> {
    const jobs = [...this.#desk.running];
    const reason = new QueueError(`the worker ${this.name} stops; another one takes its job`);
    for (const job of jobs) job.end('handed back', reason);
    const ended = this.#lanes?.close();
    await Promise.race([ended, wait(mayTakeToEnd, undefined, { ref: false })]);
    // A task in this thread may go on all the same.
    for (const { taken, isAnswered } of this.#desk.running)
      if (!isAnswered) await taken.queue.handBack(taken).catch(() => undefined);
    this.#settleHandedBack();
  }

  #begin(running: RunningJob): void {
    this.#aborts.begin(running);
  }

  async #abort(running: RunningJob, text: string): Promise<void> {
    const { data, id, queue } = running.taken;
    const task = this.#tasks.find(data.task, data.version);
    const encryption = task ? this.#runner.encryptionOf(task) : null;
    running.end('aborted', await abortReason(text, encryption, { queue: queue.name, id }, this.#options.modules));
  }
}

/** What is shared is always written, also when a nearer layer is. */
function layersOf({ layers }: Storage): Layers {
  const shared = sharedLayer(layers);
  return shared ? new Layers(layers.reads, [...new Set([...layers.writes, shared])]) : layers;
}
