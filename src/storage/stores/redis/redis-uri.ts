import { StorageError } from '../../errors';

/** The address of a Redis, the credentials, and the prefix of keys. */
export interface RedisAddress {
  readonly server: { readonly path: string } | { readonly host: string; readonly port: number; readonly tls: boolean };
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  /** The prefix of all keys on the server. */
  readonly prefix: string;
  /** For how long to wait while it is away, loads its data or is a replica, in milliseconds; undefined for the default. */
  readonly patience: number | undefined;
  /** The URI without user and password, for messages. */
  readonly location: string;
}

const NETWORK = /^rediss?:\/\//i;
const SOCKET = /^(?:redis\+unix|unix):(?:\/\/(?:(?<user>[^/@]*)@)?)?(?<path>\/(?!\/)[^?#]+)(?<query>\?[^#]*)?$/i;
const DEFAULT_PORT = 6379;
const DEFAULT_NAMESPACE = 'tidemark';

/**
 * Parses `redis://user:password@host:port/database?namespace=name`, the same with `rediss:` for TLS, and
 * `redis+unix://user:password@/path/to.sock?db=database&namespace=name`, also written `unix:/path/to.sock`.
 *
 * @throws {StorageError} without the URI, which may hold a password
 */
export function parseRedisUri(uri: string): RedisAddress {
  if (NETWORK.test(uri)) return parseNetworkUri(uri);
  const { user, path, query } = SOCKET.exec(uri)?.groups ?? {};
  if (path === undefined) return refuse('it is neither redis://host, rediss://host nor redis+unix:///path/to.sock');
  const [username, ...password] = (user ?? '').split(':');
  const { database = 0, namespace, patience } = parseQuery(new URLSearchParams(query));
  const socket = decode(path, 'path');
  return {
    server: { path: socket },
    username: credential(username, 'user'),
    password: credential(password.join(':'), 'password'),
    database,
    prefix: `${namespace}:`,
    patience,
    location: `redis+unix://${socket}?db=${database}${shown(namespace, '&')}`,
  };
}

function parseNetworkUri(uri: string): RedisAddress {
  // The error of `new URL` contains the URI with its password.
  const url = URL.canParse(uri) ? new URL(uri) : refuse('it has no valid host and port');
  if (/[@#]/.test(url.pathname + url.search + url.hash))
    return refuse('there is a # or @ after the host, perhaps from a password that is not encoded');
  const { database: asked, namespace, patience } = parseQuery(url.searchParams);
  const inPath = url.pathname.length > 1 ? parseDatabase(url.pathname.slice(1)) : undefined;
  if (inPath !== undefined && asked !== undefined && inPath !== asked)
    return refuse(`it names two databases, ${inPath} and ${asked}`);
  const database = inPath ?? asked ?? 0;
  const host = url.hostname === '' ? 'localhost' : url.hostname;
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  if (port === 0) return refuse('its port is 0');
  return {
    server: { host: host.replace(/^\[|\]$/g, ''), port, tls: url.protocol === 'rediss:' },
    username: credential(url.username, 'user'),
    password: credential(url.password, 'password'),
    database,
    prefix: `${namespace}:`,
    patience,
    location: `${url.protocol}//${host}:${port}/${database}${shown(namespace, '?')}`,
  };
}

function parseQuery(query: URLSearchParams): {
  database: number | undefined;
  namespace: string;
  patience: number | undefined;
} {
  for (const name of query.keys()) {
    if (!['namespace', 'db', 'patience'].includes(name))
      return refuse(`it has ?${name}=, but only ?namespace=, ?db=, ?readonly= and ?patience= are supported`);
    if (query.getAll(name).length > 1) return refuse(`it has ?${name}= more than once`);
  }
  const database = query.get('db');
  const namespace = query.get('namespace') ?? DEFAULT_NAMESPACE;
  if (namespace === '') return refuse('its ?namespace= is empty');
  const patience = query.get('patience');
  return {
    database: database === null ? undefined : parseDatabase(database),
    namespace,
    patience: patience === null ? undefined : parsePatience(patience),
  };
}

function shown(namespace: string, separator: string): string {
  return namespace === DEFAULT_NAMESPACE ? '' : `${separator}namespace=${namespace}`;
}

function parseDatabase(text: string): number {
  return /^\d{1,9}$/.test(text)
    ? Number(text)
    : refuse(`its database is ${JSON.stringify(text)}, which is not a number`);
}

function parsePatience(text: string): number {
  return /^\d{1,9}$/.test(text)
    ? Number(text)
    : refuse(`its patience is ${JSON.stringify(text)}, which is not a number of milliseconds`);
}

function credential(text: string | undefined, name: string): string | undefined {
  return text === undefined || text === '' ? undefined : decode(text, name);
}

function decode(text: string, name: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse(`its ${name} is not percent-encoded properly`);
  }
}

function refuse(problem: string): never {
  throw new StorageError(
    `the URI of the Redis storage cannot be used: ${problem}. Write 'redis://user:password@host:6379/0?namespace=name', with user and password as encodeURIComponent gives them.`,
    { operation: 'open' },
  );
}
