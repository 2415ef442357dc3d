import Keyv from 'keyv';
import { describeStore } from 'tidemark/testing';
import type { KeyvAdapter } from '../../../src/storage/stores/keyv/adapter';
import { KeyvStore } from '../../../src/storage/stores/keyv/keyv-store';

/** As many do: values are JSON, nothing is null, and a deletion tells nothing. */
function jsonAdapter(rows: Map<string, string>): KeyvAdapter {
  return {
    get: async (key) => JSON.parse(rows.get(key) ?? 'null'),
    set: async (key, value) => void rows.set(key, JSON.stringify(value)),
    delete: async (key) => void rows.delete(key),
    clear: async () => rows.clear(),
    async *iterator() {
      for (const [key, row] of rows) yield [key, JSON.parse(row)];
    },
  };
}

/** One that keeps bytes, and has all methods that an adapter for Keyv may have. */
class BytesAdapter {
  opts = {};
  namespace: string | undefined;
  readonly rows: Map<string, Buffer>;

  constructor(rows: Map<string, Buffer>) {
    this.rows = rows;
  }

  async get(key: string) {
    const value = this.rows.get(key);
    return value === undefined ? undefined : Buffer.from(value);
  }

  getMany(keys: string[]) {
    return Promise.all(keys.map((key) => this.get(key)));
  }

  async set(key: string, value: Buffer) {
    if (!Buffer.isBuffer(value)) throw new TypeError('not a Buffer');
    this.rows.set(key, Buffer.from(value));
    return true;
  }

  async setMany(entries: { key: string; value: Buffer }[]) {
    return Promise.all(entries.map(({ key, value }) => this.set(key, value)));
  }

  async delete(key: string) {
    return this.rows.delete(key);
  }

  async has(key: string) {
    return this.rows.has(key);
  }

  async clear() {
    this.rows.clear();
  }

  async *iterator(namespace?: string) {
    for (const [key, value] of this.rows) if (key.startsWith(namespace ?? '')) yield [key, value];
  }

  async disconnect() {}
}

/** As caches are: like a `Map`, of their own kind. */
class MapLike {
  readonly #rows: Map<string, unknown>;

  constructor(rows: Map<string, unknown>) {
    this.#rows = rows;
  }

  get = (key: string) => this.#rows.get(key);
  set = (key: string, value: unknown) => this.#rows.set(key, value);
  has = (key: string) => this.#rows.has(key);
  delete = (key: string) => this.#rows.delete(key);
  clear = () => this.#rows.clear();
  keys = () => this.#rows.keys();
  [Symbol.iterator] = () => this.#rows[Symbol.iterator]();
}

/** Counts through its rows, so that it leaves out some when others are deleted meanwhile, and gives an iterator only. */
function countingAdapter(rows: Map<string, unknown>): KeyvAdapter {
  const row = async (i: number) => [...rows][i];
  return {
    get: (key) => rows.get(key) ?? null,
    set: (key, value) => rows.set(key, value),
    delete: (key) => rows.delete(key),
    iterator() {
      let i = 0;
      const next = async () => ({ value: await row(i), done: i++ >= rows.size });
      return { next };
    },
  };
}

const adapters: [string, (rows: Map<string, any>) => KeyvAdapter][] = [
  ['a text-only adapter', jsonAdapter],
  ['an adapter that keeps bytes', (rows) => new BytesAdapter(rows)],
  ['something like a Map', (rows) => new MapLike(rows) as KeyvAdapter],
  ['a Map inside a Keyv', (rows) => new Keyv({ store: rows }).store],
  ['something like a Map inside a Keyv', (rows) => new Keyv({ store: new MapLike(rows) }).store],
  ['an adapter that counts through what it has', countingAdapter],
];

describe.each(adapters)('on %s', (_, adapt) => {
  describeStore('a Keyv store', async () => {
    const rows = new Map<string, unknown>();
    return {
      store: new KeyvStore(adapt(rows)),
      reopen: async () => new KeyvStore(adapt(rows)),
      close: async () => rows.clear(),
    };
  });
});
