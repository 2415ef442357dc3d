import type { BundledAnswer } from './bundle-content';
import { Connection } from './connection';
import { DriverQueue } from './driver-queue';
import { EventReader, type Follower } from './event-reader';
import { insist, tryAgainAfter } from './insist';
import { loadBullMq } from './load-packages';
import { Keys, queueName } from './names';
import type { BullMqOptions } from './options';
import { Passing } from './passing';
import type { QueueError } from './queue-error';
import type { QueueHost } from './queue-host';
import { readAnswers } from './read-content';
import { RunKeeper } from './run-keeper';
import { unanswered } from './unanswered';
import { underWay } from './under-way';
import { WorkerBoard } from './worker-board';

/** So that a driver that is busy for some seconds misses nothing, whatever others do. */
const eventsKept = 50_000;

export interface SessionOptions extends Required<Omit<BullMqOptions, 'modules'>> {
  /** Of queues, across all workers. */
  readonly limits: ReadonlyMap<string, number>;
  readonly onLost: (session: Session) => void;
}

/** A driver's connections to Redis and what lives on them: from the first job until they are lost or closed. */
export class Session implements QueueHost {
  readonly keys: Keys;
  readonly passing: Passing;
  readonly board: WorkerBoard;
  readonly runs: RunKeeper;
  readonly commands: Connection;
  /** What has to be in Redis before jobs goes by it too, so that it is. */
  readonly adding: Connection;
  readonly #events: Connection;
  readonly #reader: EventReader;
  readonly #options: SessionOptions;
  readonly #queues = new Map<string, DriverQueue>();
  readonly #check: NodeJS.Timeout;
  #ready: Promise<unknown> | undefined;
  #soon: NodeJS.Timeout | undefined;
  #isChecking = false;
  #waiting = 0;

  /** @throws {QueueError} when the packages are not installed */
  constructor(options: SessionOptions) {
    const { connection, patience, prefix, checkInterval } = options;
    this.#options = options;
    this.keys = new Keys(prefix);
    const onLost = (error: QueueError) => this.#lost(error);
    this.commands = new Connection({ connection, patience, onLost });
    this.adding = new Connection({ connection, patience, onLost, sendsOnce: true });
    this.#events = new Connection({ connection, patience, onLost, isBlocking: true });
    this.#reader = new EventReader(this.commands, this.#events, this.keys);
    const { client } = this.commands;
    this.passing = new Passing(client, this.keys);
    this.board = new WorkerBoard(client, this.keys);
    this.runs = new RunKeeper(this.adding.client, this.keys);
    // Redis may have come back without what it knew.
    this.adding.client.on('ready', () => this.#introduce());
    this.#check = setInterval(() => void this.#look(), checkInterval).unref();
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
      this.#describe(queue);
    }
    return queue;
  }

  get queues(): readonly DriverQueue[] {
    return [...this.#queues.values()];
  }

  /** A queue has another limit now. */
  limit(name: string): void {
    const queue = this.#queues.get(name);
    if (queue) this.#describe(queue);
  }

  /** While something waits, the process lives. */
  waits(count: number): void {
    const before = this.#waiting;
    this.#waiting += count;
    if (before === 0 || this.#waiting === 0) this.#setRef(this.#waiting > 0);
  }

  follow(follower: Follower): Promise<void> {
    return this.#reader.follow(follower);
  }

  async abort(queue: string, jobId: string, reason: string): Promise<void> {
    const { client } = this.commands;
    const key = this.keys.abort(queue, jobId);
    const message = JSON.stringify({ queue, jobId, reason });
    await client.pipeline().set(key, reason, 'PX', abortKeptFor).publish(this.keys.aborts, message).exec();
  }

  async answersIn(place: string): Promise<readonly BundledAnswer[] | undefined> {
    const { client } = this.commands;
    const key = this.keys.answers(place);
    const text = await insist(client, () => client.get(key));
    // No other driver asked for that bundle.
    client.unlink(key).catch(() => undefined);
    return text === null ? undefined : readAnswers(text);
  }

  lookSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      void this.#look().then(() => {
        if (this.queues.some(({ isUnsure }) => isUnsure)) this.lookSoon();
      });
    }, tryAgainAfter).unref();
  }

  error(cause: unknown): QueueError {
    return this.commands.error(cause);
  }

  /** Those who still wait are told that it is closed. */
  close(error: unknown = new Error('the executor was closed')): void {
    clearInterval(this.#check);
    clearTimeout(this.#soon);
    this.runs.close();
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

  #introduce(): void {
    this.runs.say();
    for (const queue of this.#queues.values()) this.#describe(queue);
  }

  #describe({ name, queue }: DriverQueue): void {
    const limit = this.#options.limits.get(name);
    const isLimited = limit !== undefined && limit !== Number.POSITIVE_INFINITY;
    const fields = { 'opts.maxLenEvents': eventsKept, ...(isLimited && { concurrency: limit }) };
    const meta = queue.keys['meta']!;
    const { client } = this.adding;
    client.hset(meta, fields).catch(() => undefined);
    // Without a word of a limit, the one stays that another driver has set.
    if (limit === Number.POSITIVE_INFINITY) client.hdel(meta, 'concurrency').catch(() => undefined);
  }

  /** Looks for jobs that Redis does not know any more, and for queues that nobody listens on. */
  async #look(): Promise<void> {
    if (this.#isChecking || this.#waiting === 0 || !this.commands.isUp) return;
    this.#isChecking = true;
    try {
      for (const queue of this.#queues.values()) {
        if (queue.jobs.size === 0) continue;
        const { client } = this.commands;
        const gone = await unanswered(queue, this.#reader, client);
        // Redis may have lost the rest as well.
        if (gone.length > 0) this.#introduce();
        for (const job of gone) queue.addAgain(job);
        for (const [job, worker] of await underWay(queue, client)) queue.isUnderWay(job, worker);
        if (queue.unheard.mayBe) queue.unheard.note((await this.board.on(queue.queue.name)).length);
      }
    } catch {
      // The connection says when it is lost; until then, the next look may do better.
    } finally {
      this.#isChecking = false;
    }
  }
}

const abortKeptFor = 60_000;
