import { isAbsolute } from 'node:path';
import { describeError } from '../../../base/describe-error';
import { TidemarkError } from '../../../base/error';
import { userPath } from '../../../base/user-path';
import { StorageError } from '../../errors';
import { checkInstalled, loadPackage } from '../load-package';
import { appendTo, type KeyvAdapter, listKeys } from './adapter';
import { KeyvStore } from './keyv-store';
import { openMysql } from './mysql';
import { openPostgres } from './postgres';

const TABLE = 'tidemark';
const KEY_SIZE = 1000;
/** The time to wait while other processes write, in milliseconds. */
const BUSY_TIMEOUT = 10_000;

interface KeyvSqlite extends KeyvAdapter {
  query(sql: string, ...values: unknown[]): Promise<any[]>;
}

/** The adapter of @keyv/sqlite. @param uri `sqlite:PATH` or `sqlite://PATH` */
function openSqlite(uri: string): KeyvAdapter {
  const { KeyvSqlite: Base } = loadPackage('@keyv/sqlite', 'SQLite') as {
    KeyvSqlite: new (options: object) => KeyvSqlite;
  };
  const path = filePath(uri.replace(/^sqlite:(\/\/)?/, ''));

  class SqliteAdapter extends Base {
    override [listKeys](after: string, prefix: string, limit: number): Promise<string[]> {
      return this.query(
        `SELECT key FROM ${TABLE} WHERE key > ? AND substr(key, 1, ?) = ? ORDER BY key LIMIT ?`,
        after,
        prefix.length,
        prefix,
        limit,
      ).then((rows) => rows.map(({ key }) => key as string));
    }

    override [appendTo](key: string, value: string | Uint8Array): Promise<unknown> {
      const joined = typeof value === 'string' ? 'value || excluded.value' : 'CAST(value || excluded.value AS BLOB)';
      return this.query(
        `INSERT INTO ${TABLE} (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = ${joined}`,
        key,
        value,
      );
    }
  }
  return new SqliteAdapter({ uri: `sqlite://${path}`, table: TABLE, keySize: KEY_SIZE, busyTimeout: BUSY_TIMEOUT });
}

/** @throws {StorageError} when it names no file, or possibly another one than intended */
function filePath(path: string): string {
  if (path === ':memory:' || isAbsolute(path)) return path;
  try {
    if (path === '') throw new TidemarkError("it names no file; write 'sqlite:results.db'");
    return userPath(path);
  } catch (cause) {
    throw new StorageError(`'sqlite:${path}' cannot be opened: ${describeError(cause)}`, { operation: 'open', cause });
  }
}

/** A URI scheme: its package, and how to open it. */
interface Scheme {
  /** The name of the database in messages. */
  readonly name: string;
  readonly package: string;
  /** Opens an adapter with a table, collection or namespace of Tidemark. It connects at once. */
  readonly open: (uri: string, isReadonly: boolean) => KeyvAdapter;
  /** A prefix of all keys, in databases without tables. @default '' */
  readonly prefix?: string;
  /** Reads several entries with one request. @default false */
  readonly readsMany?: boolean;
  /** Writes several entries with one request. @default false */
  readonly writesMany?: boolean;
  /** Appends to a value in one step. @default false */
  readonly appends?: boolean;
}

const OWN = 'tidemark';
const PREFIX = `${OWN}:`;
/** In milliseconds. */
const CONNECT_TIMEOUT = 4000;

const postgres: Scheme = {
  name: 'PostgreSQL',
  package: '@keyv/postgres',
  open: openPostgres,
  readsMany: true,
  writesMany: true,
  appends: true,
};

const mongo: Scheme = {
  name: 'MongoDB',
  package: '@keyv/mongo',
  open(uri) {
    const { KeyvMongo } = loadPackage(this.package, this.name);
    return new KeyvMongo({
      url: uri.replace(/^mongo:/, 'mongodb:'),
      collection: OWN,
      serverSelectionTimeoutMS: CONNECT_TIMEOUT,
      promoteBuffers: true,
    });
  },
  readsMany: true,
};

const memcached: Scheme = {
  name: 'Memcached',
  package: '@keyv/memcache',
  // Its getMany() reports entries that it could not read as missing.
  open(uri) {
    const { KeyvMemcache } = loadPackage(this.package, this.name);
    const servers = uri.replace(/^memcached?:(\/\/)?|\/$/g, '');
    const adapter = new KeyvMemcache(servers, {
      // By default it parses values as JSON when it reads, but does not serialise them when it writes.
      deserialize: (value: unknown) => value,
      logger: { log: () => undefined },
    });
    return Object.assign(adapter, { disconnect: () => adapter.client.close() });
  },
  prefix: PREFIX,
};

/** The URI schemes of Keyv adapters. */
export const schemes: Readonly<Record<string, Scheme>> = {
  postgres,
  postgresql: postgres,
  mysql: { name: 'MySQL', package: '@keyv/mysql', open: openMysql, readsMany: true, appends: true },
  sqlite: { name: 'SQLite', package: '@keyv/sqlite', open: openSqlite, readsMany: true, appends: true },
  mongodb: mongo,
  'mongodb+srv': mongo,
  mongo,
  valkey: {
    name: 'Valkey',
    package: '@keyv/valkey',
    open(uri) {
      const { default: KeyvValkey } = loadPackage(this.package, this.name);
      return new KeyvValkey(uri, { connectTimeout: CONNECT_TIMEOUT, maxRetriesPerRequest: 10 });
    },
    prefix: PREFIX,
    readsMany: true,
  },
  etcd: {
    name: 'etcd',
    package: '@keyv/etcd',
    // Its getMany() reports entries that it could not read as missing.
    open(uri) {
      const { KeyvEtcd } = loadPackage(this.package, this.name);
      return new KeyvEtcd(uri);
    },
    prefix: PREFIX,
  },
  memcache: memcached,
  memcached,
};

/**
 * Opens the store of a URI such as `postgres://user@host/database` with a Keyv adapter. Nothing connects before the
 * first use.
 *
 * @param known other supported URIs, for the message
 * @param isReadonly make no table, if the adapter can be told so
 * @throws {StorageError} when the scheme is unknown, or the adapter is not installed
 * @example
 * const { store } = openKeyvUri('postgres://postgres@127.0.0.1/test');
 * await store.set('Choose/0f3a', Uint8Array.of(1, 2, 3));
 */
export function openKeyvUri(
  uri: string,
  known: readonly string[] = [],
  isReadonly = false,
): { readonly store: KeyvStore; readonly location: string } {
  const name = /^[a-z][a-z0-9+.-]*(?=:)/.exec(uri)?.[0] ?? '';
  const scheme = Object.hasOwn(schemes, name) ? schemes[name] : undefined;
  const location = withoutSecrets(uri);
  if (!scheme) {
    const all = [...known, ...Object.keys(schemes).map((each) => `${each}:`)].map((each) => `'${each}'`);
    throw new StorageError(
      `'${location}' is not a storage; the supported ones are ${all.slice(0, -1).join(', ')} and ${all.at(-1)}`,
      {
        operation: 'open',
      },
    );
  }
  checkInstalled(scheme.package, scheme.name);
  const { prefix = '', readsMany = false, writesMany = false, appends = false } = scheme;
  const store = new KeyvStore(() => scheme.open(uri, isReadonly), {
    location,
    prefix,
    readsMany,
    writesMany,
    appends,
    isOwn: true,
  });
  return { store, location };
}

/** Removes user, password and options. */
function withoutSecrets(uri: string): string {
  return uri.replace(/\/\/.*@/s, '//').replace(/[?#].*$/s, '');
}
