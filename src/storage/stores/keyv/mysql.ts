import { connect, type Socket } from 'node:net';
import { loadPackage } from '../load-package';
import { appendTo, type KeyvAdapter, listKeys } from './adapter';

/** In milliseconds. */
const CONNECT_TIMEOUT = 4000;
const TABLE = 'tidemark';
const KEY_SIZE = 700;
const DEFAULT_PORT = 3306;

interface KeyvMysql extends KeyvAdapter {
  query(sql: string): Promise<any[]>;
}

let opened = 0;

/**
 * The adapter of @keyv/mysql, with case-sensitive keys and values of more than 64 KiB.
 *
 * The package has one pool of connections per process, and closing any adapter ends the pool that was opened last. So
 * each adapter gets its own pool, by a unique address, with our sockets. Idle sockets do not keep the process alive.
 */
export function openMysql(uri: string, isReadonly = false): KeyvAdapter {
  const { KeyvMysql: Base } = loadPackage('@keyv/mysql', 'MySQL') as {
    KeyvMysql: new (options: object) => KeyvMysql;
  };
  const address = new URL(uri);
  address.searchParams.set('tidemark', String(opened++));
  const sockets = new Set<Socket>();

  class MysqlAdapter extends Base {
    override async disconnect(): Promise<void> {
      for (const socket of sockets) socket.destroy();
    }

    override async [listKeys](after: string, prefix: string, limit: number): Promise<string[]> {
      const rows = await this.query(
        `SELECT id FROM ${TABLE} WHERE id > ${quoted(after)} AND LEFT(id, ${prefix.length}) = ${quoted(prefix)} ORDER BY id LIMIT ${limit}`,
      );
      return rows.map(({ id }) => id as string);
    }

    override [appendTo](key: string, value: string | Uint8Array): Promise<unknown> {
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
    stream() {
      const socket = connect(Number(address.port || DEFAULT_PORT), address.hostname.replace(/^\[|\]$/g, ''));
      sockets.add(socket.setNoDelay());
      return socket.once('close', () => sockets.delete(socket));
    },
  });
  const query = adapter.query;
  let prepared: Promise<void> | undefined;
  let underWay = 0;
  adapter.query = async (sql) => {
    if (underWay++ === 0) for (const socket of sockets) socket.ref();
    try {
      prepared ??= isReadonly ? Promise.resolve() : widenColumns(query);
      await prepared;
      return await query(sql);
    } finally {
      if (--underWay === 0) for (const socket of sockets) socket.unref();
    }
  };
  return adapter;
}

/** In the table of the package, `A` and `a` are the same key, and values end at 64 KiB. */
async function widenColumns(query: KeyvMysql['query']): Promise<void> {
  const [value] = await query(`SHOW COLUMNS FROM ${TABLE} LIKE 'value'`);
  if (value?.Type === 'longtext') return;
  await query(
    `ALTER TABLE ${TABLE} MODIFY id VARCHAR(${KEY_SIZE}) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, MODIFY value LONGTEXT CHARACTER SET ascii`,
  );
}

/** Refuses text that could end the string; keys and base64 never contain such characters. */
function quoted(text: string): string {
  if (!/^[\w.~%@/:+=-]*$/.test(text)) throw new Error(`${JSON.stringify(text)} cannot be part of a key`);
  return `'${text}'`;
}
