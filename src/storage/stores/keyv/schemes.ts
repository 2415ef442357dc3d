import type { KeyvAdapter } from './adapter';
import { loadPackage } from './load-package';
import { openMysql } from './mysql';
import { openPostgres } from './postgres';
import { openSqlite } from './sqlite';

/** A kind of URI: the package that it needs, and how that is used. */
export interface Scheme {
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
