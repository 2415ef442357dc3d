import { addTo, type KeyvAdapter, listKeys } from './adapter';
import { loadPackage } from './load-package';

/** In milliseconds. */
const CONNECT_TIMEOUT = 4000;
const IDLE_TIMEOUT = 1000;
const TABLE = 'tidemark';
const KEY_SIZE = 700;

interface KeyvMysql extends KeyvAdapter {
  query(sql: string): Promise<any[]>;
}

let opened = 0;

/**
 * The adapter of @keyv/mysql, with columns for keys whose case matters and for values of more than 64 KiB.
 *
 * The package has one pool of connections for the whole process, which closing any adapter ends for the last one. So
 * each adapter gets a pool by an address of its own, and connections close by themselves when they have been idle.
 */
export function openMysql(uri: string): KeyvAdapter {
  const { KeyvMysql: Base } = loadPackage('@keyv/mysql', 'MySQL') as {
    KeyvMysql: new (options: object) => KeyvMysql;
  };
  const address = new URL(uri);
  address.searchParams.set('tidemark', String(opened++));

  class MysqlAdapter extends Base {
    override async disconnect(): Promise<void> {
      // Nothing that is idle keeps the process for longer than its timeout.
    }

    override async [listKeys](after: string, prefix: string, limit: number): Promise<string[]> {
      const rows = await this.query(
        `SELECT id FROM ${TABLE} WHERE id > ${quoted(after)} AND LEFT(id, ${prefix.length}) = ${quoted(prefix)} ORDER BY id LIMIT ${limit}`,
      );
      return rows.map(({ id }) => id as string);
    }

    override [addTo](key: string, value: string | Buffer): Promise<unknown> {
      return this.query(
        `INSERT INTO ${TABLE} (id, value) VALUES (${quoted(key)}, ${quoted(String(value))})
          ON DUPLICATE KEY UPDATE value = CONCAT(value, VALUES(value))`,
      );
    }
  }
  const adapter = new MysqlAdapter({
    uri: address.href,
    table: TABLE,
    keySize: KEY_SIZE,
    connectTimeout: CONNECT_TIMEOUT,
    maxIdle: 0,
    idleTimeout: IDLE_TIMEOUT,
  });
  const query = adapter.query;
  let prepared: Promise<void> | undefined;
  adapter.query = async (sql) => {
    prepared ??= widenColumns(query);
    await prepared;
    return query(sql);
  };
  return adapter;
}

/** As the package makes the table, `A` and `a` are the same key, and values end at 64 KiB. */
async function widenColumns(query: KeyvMysql['query']): Promise<void> {
  const [value] = await query(`SHOW COLUMNS FROM ${TABLE} LIKE 'value'`);
  if (value?.Type === 'longtext') return;
  await query(
    `ALTER TABLE ${TABLE} MODIFY id VARCHAR(${KEY_SIZE}) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, MODIFY value LONGTEXT CHARACTER SET ascii`,
  );
}

/** Keys and base64 hold nothing that would end a string; what does is refused all the same. */
function quoted(text: string): string {
  if (!/^[\w.~%@/:+=-]*$/.test(text)) throw new Error(`${JSON.stringify(text)} cannot be part of a key`);
  return `'${text}'`;
}
