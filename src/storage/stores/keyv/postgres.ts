import { stringProperty } from '../../../base/describe-error';
import { loadPackage } from '../load-package';
import { appendTo, type KeyvAdapter, listKeys } from './adapter';

/** In milliseconds. */
const CONNECT_TIMEOUT = 4000;
const TABLE = 'tidemark';
/** Keys have up to some 450 characters; PostgreSQL indexes 2,700 bytes. */
const KEY_SIZE = 1000;

type Query = (sql: string, values?: unknown[]) => Promise<any[]>;

/** What is used of `KeyvPostgres`; its `query` is made of what `connect` gives. */
interface KeyvPostgres extends KeyvAdapter {
  query: Query;
  connect(): Promise<Query>;
}

/**
 * The adapter of @keyv/postgres with a pool of connections of its own: that of the package is one for the whole
 * process, which closing any adapter ends for all others, and ends the process when an idle connection breaks.
 */
export function openPostgres(uri: string, isReadonly = false): KeyvAdapter {
  const { KeyvPostgres: Base } = loadPackage('@keyv/postgres', 'PostgreSQL') as {
    KeyvPostgres: new (options: object) => KeyvPostgres;
  };
  const { Pool, Client } = loadPackage('pg', 'PostgreSQL', '@keyv/postgres');
  const pool = new Pool({
    connectionString: uri,
    allowExitOnIdle: true,
    // The pool's own limit would also be one on waiting for a free connection.
    Client: class extends Client {
      constructor(config: object) {
        super({ ...config, connectionTimeoutMillis: CONNECT_TIMEOUT });
      }
    },
  });
  // An idle connection that broke is replaced by another when one is needed.
  pool.on('error', () => undefined);

  class PostgresAdapter extends Base {
    override async connect(): Promise<Query> {
      return async (sql, values) => {
        try {
          // Where nothing is written, no table is made, and one that is missing holds nothing.
          return isReadonly && isMaking(sql) ? [] : (await pool.query(sql, values)).rows;
        } catch (error) {
          if (wasMadeMeanwhile(sql, error) || (isReadonly && stringProperty(error, 'code') === '42P01')) return [];
          throw error;
        }
      };
    }

    override async disconnect(): Promise<void> {
      await pool.end();
    }

    override async has(key: string): Promise<boolean> {
      return (await this.query(`SELECT 1 FROM public.${TABLE} WHERE key = $1`, [key])).length > 0;
    }

    /** In one step, and without reading the value. */
    override async delete(key: string): Promise<boolean> {
      const rows = await this.query(`DELETE FROM public.${TABLE} WHERE key = $1 RETURNING key`, [key]);
      return rows.length > 0;
    }

    override async [listKeys](after: string, prefix: string, limit: number): Promise<string[]> {
      const rows = await this.query(
        `SELECT key FROM public.${TABLE} WHERE key > $1 AND starts_with(key, $2) ORDER BY key LIMIT $3`,
        [after, prefix, limit],
      );
      return rows.map(({ key }) => key as string);
    }

    override [appendTo](key: string, value: string | Uint8Array): Promise<unknown> {
      return this.query(
        `INSERT INTO public.${TABLE} AS t (key, value) VALUES ($1, $2)
          ON CONFLICT (key) DO UPDATE SET value = t.value || excluded.value`,
        [key, value],
      );
    }
  }
  return new PostgresAdapter({ uri, table: TABLE, keySize: KEY_SIZE });
}

/** Whether another process made what was to be made only if it is not there: in PostgreSQL the two may still collide. */
function wasMadeMeanwhile(sql: string, error: unknown): boolean {
  const code = stringProperty(error, 'code');
  return isMaking(sql) && (code === '42P07' || code === '42710' || code === '23505');
}

function isMaking(sql: string): boolean {
  return /^\s*CREATE\b/i.test(sql);
}
