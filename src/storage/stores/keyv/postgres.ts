import { stringProperty } from '../../../base/describe-error';
import { loadPackage } from '../load-package';
import { appendTo, type KeyvAdapter, listKeys } from './adapter';

/** In milliseconds. */
const CONNECT_TIMEOUT = 4000;
const TABLE = 'tidemark';
/** Keys have up to about 450 characters; PostgreSQL indexes 2,700 bytes. */
const KEY_SIZE = 1000;

type Query = (sql: string, values?: unknown[]) => Promise<any[]>;

/** The used part of `KeyvPostgres`, whose `query` is made from the result of `connect`. */
interface KeyvPostgres extends KeyvAdapter {
  query: Query;
  connect(): Promise<Query>;
}

/**
 * The adapter of @keyv/postgres with its own pool of connections: the package has one pool per process, which closing
 * any adapter ends for all others, and which ends the process when an idle connection breaks.
 */
export function openPostgres(uri: string, isReadonly = false): KeyvAdapter {
  const { KeyvPostgres: Base } = loadPackage('@keyv/postgres', 'PostgreSQL') as {
    KeyvPostgres: new (options: object) => KeyvPostgres;
  };
  const { Pool, Client } = loadPackage('pg', 'PostgreSQL', '@keyv/postgres');
  const pool = new Pool({
    connectionString: uri,
    allowExitOnIdle: true,
    // The limit of the pool would also apply to waiting for a free connection.
    Client: class extends Client {
      constructor(config: object) {
        super({ ...config, connectionTimeoutMillis: CONNECT_TIMEOUT });
      }
    },
  });
  // A broken idle connection is replaced when one is needed.
  pool.on('error', () => undefined);

  class PostgresAdapter extends Base {
    override async connect(): Promise<Query> {
      return async (sql, values) => {
        try {
          // A read-only storage makes no table; a missing table is empty.
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

    /** In one step, without reading the value. */
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

/** Another process ran the same `CREATE … IF NOT EXISTS`: in PostgreSQL the two may still collide. */
function wasMadeMeanwhile(sql: string, error: unknown): boolean {
  const code = stringProperty(error, 'code');
  return isMaking(sql) && (code === '42P07' || code === '42710' || code === '23505');
}

function isMaking(sql: string): boolean {
  return /^\s*CREATE\b/i.test(sql);
}
