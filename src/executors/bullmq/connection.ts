import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Redis, RedisOptions } from 'ioredis';
import { isLoading, isReplica, redisAdvice, UnexpectedReplyError } from '../../redis/redis-error';
import { NoAnswerError } from '../../redis/stall-watch';
import { loadIoRedis } from './load-packages';
import type { QueueConnection } from './options';
import { QueueError } from './queue-error';

interface ConnectionOptions {
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
const firstConnectTimeout = 4_500;
/** How often it is seen whether the server still answers, in milliseconds, and how often it may fail to. */
const pingInterval = 2_500;
const maxMissedPings = 3;
/** For how long a Redis that loads its data is waited for where there is no other limit, in milliseconds. */
const loadTimeout = 30_000;
/** What comes later says nothing of a failover before, in milliseconds. */
const failoverWindow = 5_000;
/** What trying again does not help against. */
const refusal = /^(?:WRONGPASS|NOAUTH|NOPERM|ERR invalid password|ERR Client sent AUTH|ERR DB index)/;

/** Whether something failed since a connection broke, which says when it is lost for good. */
export function isDisconnect(error: unknown): boolean {
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
  /** Since when it is there, or was for the first time. */
  #readyAt: number | undefined;
  #isReferenced = true;
  #isOver = false;
  #unanswered = 0;
  /** Since when it cannot be used. */
  #downSince = performance.now();
  /** Since when it leads to a replica only, and when it said so last. */
  #replica: { readonly since: number; at: number } | undefined;
  /** For how long it was waited for, in milliseconds, where that is worth a word. */
  #waited: number | undefined;
  #lastError: unknown = new NoAnswerError(firstConnectTimeout);

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#ready = new Promise((resolve, reject) => (this.#settleReady = { resolve, reject }));
    this.#ready.catch(() => undefined);
    this.client = open(options, (error) => this.#onReplicaError(error));
    this.location = locationOf(this.client);
    this.client
      .on('error', (error: unknown) => this.#onError(error))
      .on('connect', () => this.#onConnect())
      .on('ready', () => this.#onReady())
      .on('close', () => this.#onClose());
    this.#onClose();
    if (!options.isBlocking) this.#heart = setInterval(() => this.#ping(), pingInterval).unref();
  }

  /** Resolves once it is there for the first time. @throws {QueueError} within 5 seconds when it cannot be had */
  ready(): Promise<void> {
    return this.#ready;
  }

  get isReady(): boolean {
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
  toError(cause: unknown = this.#lastError): QueueError {
    const [reason, cure] = redisAdvice(cause);
    const waited =
      this.#waited === undefined ? '' : ` It was asked again for ${Math.round(this.#waited / 100) / 10} s.`;
    // Some are only the beginning of a sentence, since for storages more can be done.
    return new QueueError(
      `cannot reach the queues in ${this.location}: ${reason}. ${cure.replace(/,$/, '')}.${waited}`,
      { cause },
    );
  }

  /** What carries its bytes, once there is something. */
  get #stream(): Socket | undefined {
    return (this.client as unknown as { stream?: Socket }).stream;
  }

  #onConnect(): void {
    this.setRef(this.#isReferenced);
    if (this.#stream && !this.#options.isBlocking) corkWrites(this.#stream);
  }

  #onReady(): void {
    this.#unanswered = 0;
    if (this.#readyAt !== undefined) this.#cancelDeadline();
    // Should it break again, it is late at last.
    else
      this.client.ping().then(
        (reply: unknown) => this.#checkGreeting(reply),
        () => undefined,
      );
  }

  #checkGreeting(reply: unknown): void {
    if (String(reply) === 'PONG') {
      this.#readyAt = performance.now();
      this.#cancelDeadline();
      this.#settleReady.resolve();
      return;
    }
    this.#lastError = new UnexpectedReplyError('PING', reply);
    this.#giveUp();
  }

  #cancelDeadline(): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }

  #onClose(): void {
    if (this.#isOver || this.#deadline) return;
    // Nobody waits for anything, so nothing is lost by letting go.
    if (!this.#isReferenced) {
      this.#giveUp();
      return;
    }
    this.#downSince = performance.now();
    const { patience } = this.#options;
    const time = this.#readyAt !== undefined ? patience : Math.min(patience, firstConnectTimeout);
    if (time !== Number.POSITIVE_INFINITY) this.#deadline = setTimeout(() => void this.#onDeadline(), time).unref();
  }

  /** It is away for too long; one that loads its data has a little more time. */
  async #onDeadline(): Promise<void> {
    const isLoading = await this.#isLoadingData();
    if (this.#isOver || !this.#deadline) return;
    const { patience } = this.#options;
    const left = (Number.isFinite(patience) ? patience : loadTimeout) - (performance.now() - this.#downSince);
    if (isLoading) this.#waited = performance.now() - this.#downSince;
    if (!isLoading || left <= 0) this.#giveUp();
    else this.#deadline = setTimeout(() => void this.#onDeadline(), Math.min(left, firstConnectTimeout)).unref();
  }

  /** Whether it is there, and loads its data: then it takes few commands. */
  async #isLoadingData(): Promise<boolean> {
    if (isLoading(this.#lastError)) return true;
    if (this.client.status !== 'connect') return false;
    const asked = this.client.info('persistence').catch(() => '');
    const info = await Promise.race([asked, wait(firstConnectTimeout / 4, '', { ref: false })]);
    if (!/^loading:1/m.test(String(info))) return false;
    this.#lastError = new Error('LOADING Redis is loading the dataset in memory');
    return true;
  }

  /** What was the primary is a replica: a new connection may lead to the new one. Gives whether to connect anew. */
  #onReplicaError(error: Error): boolean {
    if (this.#isOver || !isReplica(error)) return false;
    this.#lastError = error;
    const now = performance.now();
    if (!this.#replica || now - this.#replica.at > failoverWindow) this.#replica = { since: now, at: now };
    this.#replica.at = now;
    const { since } = this.#replica;
    // What is a replica from the start is meant to be one, more often than not.
    const isFirst = since - (this.#readyAt ?? since) < failoverWindow;
    const { patience } = this.#options;
    if (now - since < (isFirst ? Math.min(patience, firstConnectTimeout) : patience)) return true;
    this.#waited = now - since;
    this.#giveUp();
    return false;
  }

  #onError(error: unknown): void {
    this.#lastError = error;
    if (this.#readyAt === undefined && refusal.test((error as Error | undefined)?.message ?? '')) this.#giveUp();
  }

  #giveUp(): void {
    if (this.#isOver) return;
    const error = this.toError();
    this.#settleReady.reject(error);
    this.close();
    this.#options.onLost(error);
  }

  /** A server that hangs is noticed by its silence. Ticks are counted, since a busy process reads no answers. */
  #ping(): void {
    if (!this.isReady || !this.#isReferenced) return;
    if (this.#unanswered >= maxMissedPings) {
      this.#lastError = new NoAnswerError(maxMissedPings * pingInterval);
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

function open(
  { connection, isBlocking = false, sendsOnce = isBlocking }: ConnectionOptions,
  leadsElsewhere: (error: Error) => boolean,
): Redis {
  const { Redis: Client } = loadIoRedis();
  const own = {
    // What is sent once is seen to by those who wait; everything else is sent again as soon as it can be.
    maxRetriesPerRequest: sendsOnce ? 0 : null,
    autoResendUnfulfilledCommands: !sendsOnce,
    enableOfflineQueue: true,
    lazyConnect: false,
    connectTimeout: firstConnectTimeout,
    protocol: 2,
    maxLoadingRetryTime: 500,
    // 2 sends the command again, which a replica has not done.
    reconnectOnError: (error: Error) => (leadsElsewhere(error) ? 2 : false),
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

/** How long to wait after a connection broke, in milliseconds. */
export const retryDelay = 100;

/** Does what broke off again, until the connection is lost for good: for what may be done twice. */
export async function retryOnDisconnect<T>(client: Redis, send: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await send();
    } catch (error) {
      if (!isDisconnect(error) || client.status === 'end') throw error;
      await wait(retryDelay);
    }
  }
}

/** What is written in one turn of the event loop goes in one call of the system. */
function corkWrites(stream: Socket): void {
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
