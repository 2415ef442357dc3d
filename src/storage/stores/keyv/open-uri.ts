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
/** How long to wait while other processes write. In milliseconds. */
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

/** @throws {StorageError} when it names no file, or one that might not be meant */
function filePath(path: string): string {
  if (path === ':memory:' || isAbsolute(path)) return path;
  try {
    if (path === '') throw new TidemarkError("it names no file; write 'sqlite:results.db'");
    return userPath(path);
  } catch (cause) {
    throw new StorageError(`'sqlite:${path}' cannot be opened: ${describeError(cause)}`, { operation: 'open', cause });
  }
}

/** A kind of URI: the package that it needs, and how that is used. */
interface Scheme {
  /** What it is called in messages. */
  readonly name: string;
  readonly package: string;
  /** The adapter of a URI, which is only read or not, with a table, collection or namespace of our own. It connects when it is made. */
  readonly open: (uri: string, isReadonly: boolean) => KeyvAdapter;
  /** Stands before each key, where there are no tables. @default '' */
  readonly prefix?: string;
  /** Whether several entries are read with one request. @default false */
  readonly readsMany?: boolean;
  /** Whether several entries are written with one request. @default false */
  readonly writesMany?: boolean;
  /** Whether it can add to a value in one step. @default false */
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
  // Its getMany() takes what it could not read for missing.
  open(uri) {
    const { KeyvMemcache } = loadPackage(this.package, this.name);
    const servers = uri.replace(/^memcached?:(\/\/)?|\/$/g, '');
    const adapter = new KeyvMemcache(servers, {
      // By default it parses what it reads as JSON, and does not serialise what it writes.
      deserialize: (value: unknown) => value,
      logger: { log: () => undefined },
    });
    return Object.assign(adapter, { disconnect: () => adapter.client.close() });
  },
  prefix: PREFIX,
};

/** What can be opened by a URI, with the adapters of Keyv. */
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
    // Its getMany() takes what it could not read for missing.
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
 * The store that a URI names, such as `postgres://user@host/database`, by a Keyv adapter for it. Nothing connects
 * before it is used.
 *
 * @param known other URIs that could have been given, for the message
 * @param isReadonly whether no table is to be made, where that can be told
 * @throws {StorageError} when the URI is of no known kind, or the adapter is not installed
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
      `'${location}' is no storage; the known ones are ${all.slice(0, -1).join(', ')} and ${all.at(-1)}`,
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

/** Without user, password and options. */
function withoutSecrets(uri: string): string {
  return uri.replace(/\/\/.*@/s, '//').replace(/[?#].*$/s, '');
}
