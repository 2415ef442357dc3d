import type { Socket } from 'node:net';
import type { Redis, RedisOptions } from 'ioredis';
import { adviceOn } from '../../storage/stores/redis/redis-error';
import { NoAnswerError } from '../../storage/stores/redis/stall-watch';
import { loadIoRedis } from './load-packages';
import type { QueueConnection } from './options';
import { QueueError } from './queue-error';

export interface ConnectionOptions {
  readonly connection: QueueConnection;
  /** For how long it may be away, in milliseconds. */
  readonly patience: number;
  /** Whether commands on it wait for something to happen. They fail when the connection breaks; others are sent again. */
  readonly isBlocking?: boolean;
  /** Whether commands fail as well when it breaks, since what they did must not be done twice. */
  readonly sendsOnce?: boolean;
  /** Told once, when it is away for too long; it is closed then. */
  readonly onLost: (error: QueueError) => void;
}

/** How long the first connection may take, in milliseconds. */
const firstMayTake = 4_500;
/** How often it is seen whether the server still answers, in milliseconds, and how often it may fail to. */
const beat = 2_500;
const missedBeats = 3;
/** What trying again does not help against. */
const refusal = /^(?:WRONGPASS|NOAUTH|NOPERM|ERR invalid password|ERR Client sent AUTH|ERR DB index)/;

/** Whether something failed since a connection broke, which says when it is lost for good. */
export function isBroken(error: unknown): boolean {
  return /closed|aborted|retries per request|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN/i.test(
    (error as Error | undefined)?.message ?? '',
  );
}

/** A connection to Redis that comes back by itself, and says so in words when it does not. */
export class Connection {
  readonly client: Redis;
  /** The URI without user and password, for messages. */
  readonly location: string;
  readonly #options: ConnectionOptions;
  readonly #heart: NodeJS.Timeout | undefined;
  readonly #ready: Promise<void>;
  #settleReady!: { resolve: () => void; reject: (error: unknown) => void };
  #deadline: NodeJS.Timeout | undefined;
  #wasReady = false;
  #isReferenced = true;
  #isOver = false;
  #unanswered = 0;
  #lastError: unknown = new NoAnswerError(firstMayTake);

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#ready = new Promise((resolve, reject) => (this.#settleReady = { resolve, reject }));
    this.#ready.catch(() => undefined);
    this.client = open(options);
    this.location = locationOf(this.client);
    this.client
      .on('error', (error: unknown) => this.#failed(error))
      .on('connect', () => this.#connected())
      .on('ready', () => this.#isUp())
      .on('close', () => this.#isDown());
    this.#isDown();
    if (!options.isBlocking) this.#heart = setInterval(() => this.#beat(), beat).unref();
  }

  /** Resolves once it is there for the first time. @throws {QueueError} within 5 seconds when it cannot be had */
  ready(): Promise<void> {
    return this.#ready;
  }

  get isUp(): boolean {
    return this.client.status === 'ready';
  }

  /** Drops what is under way and connects again. */
  reset(): void {
    if (!this.#isOver) this.client.disconnect(true);
  }

  /** Whether it keeps this process alive. */
  setRef(isReferenced: boolean): void {
    this.#isReferenced = isReferenced;
    if (isReferenced) this.#stream?.ref();
    else this.#stream?.unref();
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#heart);
    clearTimeout(this.#deadline);
    this.#settleReady.reject(new QueueError(`the connection to ${this.location} was closed`));
    this.client.disconnect();
  }

  /** What went wrong, in words. */
  error(cause: unknown = this.#lastError): QueueError {
    const [reason, cure] = adviceOn(cause);
    // Some are only the beginning of a sentence, since for storages more can be done.
    return new QueueError(`cannot reach the queues in ${this.location}: ${reason}. ${cure.replace(/,$/, '')}.`, {
      cause,
    });
  }

  /** What carries its bytes, once there is something. */
  get #stream(): Socket | undefined {
    return (this.client as unknown as { stream?: Socket }).stream;
  }

  #connected(): void {
    this.setRef(this.#isReferenced);
    if (this.#stream && !this.#options.isBlocking) gatherWrites(this.#stream);
  }

  #isUp(): void {
    this.#wasReady = true;
    this.#unanswered = 0;
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    this.#settleReady.resolve();
  }

  #isDown(): void {
    if (this.#isOver || this.#deadline) return;
    // Nobody waits for anything, so nothing is lost by letting go.
    if (!this.#isReferenced) {
      this.#lose();
      return;
    }
    const { patience } = this.#options;
    const time = this.#wasReady ? patience : Math.min(patience, firstMayTake);
    if (time !== Number.POSITIVE_INFINITY) this.#deadline = setTimeout(() => this.#lose(), time).unref();
  }

  #failed(error: unknown): void {
    this.#lastError = error;
    if (!this.#wasReady && refusal.test((error as Error | undefined)?.message ?? '')) this.#lose();
  }

  #lose(): void {
    if (this.#isOver) return;
    const error = this.error();
    this.#settleReady.reject(error);
    this.close();
    this.#options.onLost(error);
  }

  /** A server that hangs is noticed by its silence. Ticks are counted, since a busy process reads no answers. */
  #beat(): void {
    if (!this.isUp || !this.#isReferenced) return;
    if (this.#unanswered >= missedBeats) {
      this.#lastError = new NoAnswerError(missedBeats * beat);
      this.#unanswered = 0;
      this.reset();
      return;
    }
    this.#unanswered++;
    this.client.ping().then(
      () => void (this.#unanswered = 0),
      () => undefined,
    );
  }
}

/** What is written in one turn of the event loop goes in one call of the system. */
function gatherWrites(stream: Socket): void {
  const write = stream.write;
  let isGathering = false;
  const uncork = () => {
    isGathering = false;
    stream.uncork();
  };
  stream.write = function gathered(this: Socket, ...args: Parameters<Socket['write']>) {
    if (!isGathering) {
      isGathering = true;
      stream.cork();
      setImmediate(uncork);
    }
    return write.apply(this, args);
  } as Socket['write'];
}

function open({ connection, isBlocking = false, sendsOnce = isBlocking }: ConnectionOptions): Redis {
  const { Redis: Client } = loadIoRedis();
  const own = {
    // What is sent once is seen to by those who wait; everything else is sent again as soon as it can be.
    maxRetriesPerRequest: sendsOnce ? 0 : null,
    autoResendUnfulfilledCommands: !sendsOnce,
    enableOfflineQueue: true,
    lazyConnect: false,
    connectTimeout: firstMayTake,
    protocol: 2,
    retryStrategy: (times: number) => Math.min(50 * 2 ** Math.min(times, 5), 1_000) * (0.75 + Math.random() / 2),
  } satisfies RedisOptions;
  if (typeof connection === 'string') return new Client(connection, own);
  const { replyMapping, ...given } = connection;
  return new Client({ ...given, ...own });
}

function locationOf({ options }: Redis): string {
  const { host, port, path, db = 0, tls } = options;
  return path ? `redis+unix://${path}?db=${db}` : `${tls ? 'rediss' : 'redis'}://${host}:${port}/${db}`;
}
