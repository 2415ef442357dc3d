import { isAbsolute } from 'node:path';
import { describeError } from '../../../base/describe-error';
import { userPath } from '../../../base/user-path';
import { TidemarkError } from '../../../error';
import { StorageError } from '../../storage-error';
import { addTo, type KeyvAdapter, listKeys } from './adapter';
import { loadPackage } from './load-package';

const TABLE = 'tidemark';
const KEY_SIZE = 1000;
/** How long to wait while other processes write. In milliseconds. */
const BUSY_TIMEOUT = 10_000;

interface KeyvSqlite extends KeyvAdapter {
  query(sql: string, ...values: unknown[]): Promise<any[]>;
}

/** The adapter of @keyv/sqlite. @param uri `sqlite:PATH` or `sqlite://PATH` */
export function openSqlite(uri: string): KeyvAdapter {
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

    override [addTo](key: string, value: string | Uint8Array): Promise<unknown> {
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
