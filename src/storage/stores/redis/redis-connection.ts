import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect, isIP, type Socket } from 'node:net';
import { checkReply } from '../../../redis/redis-error';
import { StallWatch } from '../../../redis/stall-watch';
import { loadPackage } from '../load-package';
import type { RedisAddress } from './redis-uri';

/** What is used of the client that @keyv/redis stands on. */
interface RedisClient {
  connect(): Promise<unknown>;
  sendCommand(args: readonly (string | Buffer)[]): Promise<unknown>;
  /** Drops the connection; throws when there is none. */
  destroy(): void;
  ref(): void;
  unref(): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** A client on its way to be connected. */
interface OpeningClient {
  readonly client: RedisClient;
  readonly opened: Promise<unknown>;
  /** What carries its bytes, when Node tells. */
  readonly socket: Socket | undefined;
}

/** How RESP, the protocol of Redis, marks strings of bytes: they are to become buffers. */
const BLOB_STRING = '$'.charCodeAt(0);

/**
 * Opens a client for one connection, which it does not renew. It has no time limits of its own: its limit on a
 * command ends once that is written, and the others would count the time in which a task blocks the event loop.
 *
 * @param signal ends the connection in whatever state it is
 */
function openRedisClient(
  { server, username, password, database }: RedisAddress,
  signal: AbortSignal,
  onError: (error: Error) => void,
): OpeningClient {
  const { createClient } = loadKeyvRedis();
  const secure = 'tls' in server && server.tls ? server : undefined;
  const carrier = secure && connect({ ...secure, noDelay: true, keepAlive: true, signal });
  carrier?.on('error', onError);
  const client = createClient({
    username,
    password,
    database,
    socket: {
      ...server,
      ...(carrier && { socket: carrier }),
      ...(secure && isIP(secure.host) === 0 && { servername: secure.host }),
      signal,
      connectTimeout: 0,
      reconnectStrategy: false,
    },
    commandOptions: { typeMapping: { [BLOB_STRING]: Buffer } },
    disableOfflineQueue: true,
    disableClientInfo: true,
  });
  client.on('error', onError);
  if (carrier) return { client, opened: client.connect(), socket: carrier };
  const { result, socket } = watchSockets(() => client.connect());
  return { client, opened: result, socket };
}

/** Calls `work`, and catches the socket that it makes. */
function watchSockets<T>(work: () => T): { readonly result: T; readonly socket: Socket | undefined } {
  let socket: Socket | undefined;
  const note = (message: unknown) => void (socket ??= (message as { socket?: Socket }).socket);
  subscribe('net.client.socket', note);
  try {
    const result = work();
    return { result, socket };
  } finally {
    unsubscribe('net.client.socket', note);
  }
}

function loadKeyvRedis(): { createClient(options: object): RedisClient } {
  return loadPackage('@keyv/redis', 'Redis');
}

/** How long nothing may come or go while something is asked. */
const PATIENCE = 4000;

/**
 * One connection, good until it breaks. Everything that is asked is settled: answered, or rejected with why the
 * connection broke. It keeps the process alive only while something is asked.
 */
export class RedisConnection {
  readonly #opening: OpeningClient;
  readonly #abort = new AbortController();
  /** What rejects each request that is not settled yet. */
  readonly #asked = new Set<(error: unknown) => void>();
  readonly #watch: StallWatch;
  readonly #closed: (() => void)[] = [];
  #end: unknown;
  #wasOpen = false;
  #hasAnswered = false;

  constructor(address: RedisAddress) {
    this.#opening = openRedisClient(address, this.#abort.signal, (error) => this.#finish(error));
    this.#watch = new StallWatch(this.#opening.socket, PATIENCE, (error) => this.#finish(error));
    this.#opening.opened.then(
      () => (this.#wasOpen = true),
      (error) => this.#finish(error),
    );
  }

  get isOver(): boolean {
    return this.#end !== undefined;
  }

  /** Whether it could be used, before it broke or still. */
  get wasOpen(): boolean {
    return this.#wasOpen;
  }

  /** Whether a command was done on it. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Commands arrive in the order in which they are asked. */
  ask(command: readonly (string | Buffer)[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.isOver) return reject(this.#end);
      this.#asked.add(reject);
      if (this.#asked.size === 1) this.#begin();
      const settle = <T>(then: (value: T) => void) => {
        return (value: T) => {
          // What broke the connection says more than what became of a command on it, and comes just before.
          if (!this.#asked.delete(reject)) return;
          then(value);
          this.#watch.answered();
          if (this.#asked.size === 0) this.#rest();
        };
      };
      const { opened, client } = this.#opening;
      const checked = (reply: unknown) => {
        try {
          checkReply(command, reply);
        } catch (error) {
          // Other answers may be as wrong, or those to other commands.
          this.#finish(error);
        }
        this.#hasAnswered = true;
        return reply;
      };
      opened.then(() => client.sendCommand(command)).then((reply) => settle(resolve)(checked(reply)), settle(reject));
    });
  }

  /** Resolves when everything that was asked is settled and the connection is gone. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.isOver) return resolve();
      this.#closed.push(resolve);
      if (this.#asked.size === 0) this.#rest();
    });
  }

  #begin(): void {
    this.#opening.client.ref();
    this.#watch.start();
  }

  #rest(): void {
    this.#watch.stop();
    if (this.#closed.length > 0) this.#finish(new Error('the storage was closed'));
    else this.#opening.client.unref();
  }

  #finish(end: unknown): void {
    if (this.isOver) return;
    this.#end = end ?? new Error('the connection ended');
    this.#watch.stop();
    try {
      this.#opening.client.destroy();
    } catch {
      // It was not open, or not any more.
    }
    this.#abort.abort();
    for (const reject of this.#asked) reject(this.#end);
    this.#asked.clear();
    for (const resolve of this.#closed) resolve();
  }
}

/** How many entries Redis looks at for each page: long enough to be quick, short enough not to hold up others. */
const COUNT = '1000';
/** What is not of this form is not ours: it may be in a namespace within this one. */
const ENTRY = /^[\w.~%@-]+(?:\/[\w.~%@-]+){1,2}$/;

/**
 * The keys in a namespace that start with `start`, a page at a time, without the namespace. What was there all
 * the while is among them, some of it perhaps twice.
 */
export async function* scanKeys(
  connection: RedisConnection,
  namespace: string,
  start: string,
): AsyncGenerator<string[]> {
  const match = `${escapeGlob(namespace + start)}*`;
  // The cursor means nothing to another server, so all of this goes over one connection.
  let cursor = '0';
  do {
    const command = ['SCAN', cursor, 'MATCH', match, 'COUNT', COUNT, 'TYPE', 'string'];
    const [next, found] = (await connection.ask(command)) as [Buffer, Buffer[]];
    cursor = next.toString();
    const keys = found.map((key) => key.toString().slice(namespace.length)).filter((key) => ENTRY.test(key));
    if (keys.length > 0) yield keys;
  } while (cursor !== '0');
}

/** The pattern that stands for this text and nothing else. */
function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\]/g, '\\$&');
}
