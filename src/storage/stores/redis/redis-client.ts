import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect, isIP, type Socket } from 'node:net';
import { loadPackage } from '../keyv/load-package';
import type { RedisAddress } from './redis-uri';

/** What is used of the client that @keyv/redis stands on. */
export interface RedisClient {
  connect(): Promise<unknown>;
  sendCommand(args: readonly (string | Buffer)[]): Promise<unknown>;
  /** Drops the connection; throws when there is none. */
  destroy(): void;
  ref(): void;
  unref(): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** A client on its way to be connected. */
export interface OpeningClient {
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
export function openRedisClient(
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
