import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect, isIP, type Socket } from 'node:net';
import { checkReply } from '../../../redis/redis-error';
import { StallWatch } from '../../../redis/stall-watch';
import { loadPackage } from '../load-package';
import type { RedisAddress } from './redis-uri';

/** The used part of the client of @keyv/redis. */
interface RedisClient {
  connect(): Promise<unknown>;
  sendCommand(args: readonly (string | Buffer)[]): Promise<unknown>;
  /** Drops the connection; throws when there is none. */
  destroy(): void;
  ref(): void;
  unref(): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** A client that is connecting. */
interface OpeningClient {
  readonly client: RedisClient;
  readonly opened: Promise<unknown>;
  /** Its socket, if Node reveals it. */
  readonly socket: Socket | undefined;
}

/** The RESP type of byte strings, which become buffers. */
const BLOB_STRING = '$'.charCodeAt(0);

/**
 * Opens a client for one connection, which is not renewed. It has no time limits: the client's limit for a command ends
 * once it is written, and its other limits would include the time in which a task blocks the event loop.
 *
 * @param signal ends the connection in any state
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

/** Calls `work`, and captures the socket that it makes. */
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

/** The time without any traffic after which a pending request fails, in milliseconds. */
const PATIENCE = 4000;

/**
 * One connection, usable until it breaks. Every request is settled: answered, or rejected with the reason of the break.
 * The process is kept alive only while a request is pending.
 */
export class RedisConnection {
  readonly #opening: OpeningClient;
  readonly #abort = new AbortController();
  /** Rejects each pending request. */
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

  /** It could be used, at least before it broke. */
  get wasOpen(): boolean {
    return this.#wasOpen;
  }

  /** A command was answered on it. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Sends a command. Commands arrive in the order of the calls. */
  ask(command: readonly (string | Buffer)[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.isOver) return reject(this.#end);
      this.#asked.add(reject);
      if (this.#asked.size === 1) this.#begin();
      const settle = <T>(then: (value: T) => void) => {
        return (value: T) => {
          // The error of the connection, which comes just before, tells more than that of a command.
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
          // Other answers may be as wrong, or belong to other commands.
          this.#finish(error);
        }
        this.#hasAnswered = true;
        return reply;
      };
      opened.then(() => client.sendCommand(command)).then((reply) => settle(resolve)(checked(reply)), settle(reject));
    });
  }

  /** Resolves when every request is settled and the connection is closed. */
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
      // It was not open.
    }
    this.#abort.abort();
    for (const reject of this.#asked) reject(this.#end);
    this.#asked.clear();
    for (const resolve of this.#closed) resolve();
  }
}

/** The number of keys that Redis scans per page: large enough to be fast, small enough not to block other clients. */
const COUNT = '1000';
/** Other keys may be in a namespace within this one. */
const ENTRY = /^[\w.~%@-]+(?:\/[\w.~%@-]+){1,2}$/;

/**
 * Lists the keys in a namespace with a prefix, a page at a time, without the namespace. Keys that exist all the while
 * are among them, some possibly twice.
 */
export async function* scanKeys(
  connection: RedisConnection,
  namespace: string,
  start: string,
): AsyncGenerator<string[]> {
  const match = `${escapeGlob(namespace + start)}*`;
  // A cursor is valid on one server only, so that all pages use one connection.
  let cursor = '0';
  do {
    const command = ['SCAN', cursor, 'MATCH', match, 'COUNT', COUNT, 'TYPE', 'string'];
    const [next, found] = (await connection.ask(command)) as [Buffer, Buffer[]];
    cursor = next.toString();
    const keys = found.map((key) => key.toString().slice(namespace.length)).filter((key) => ENTRY.test(key));
    if (keys.length > 0) yield keys;
  } while (cursor !== '0');
}

/** A pattern that matches this text only. */
function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\]/g, '\\$&');
}
