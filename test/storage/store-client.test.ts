import { Storage, StorageError } from 'tidemark';
import { type StoreAdapter } from 'tidemark/extend';
import { StoreClient } from '../../src/storage/store-client';

/** An asynchronous store that notes how large the batches are. */
class BatchStore implements StoreAdapter {
  readonly entries = new Map<string, Uint8Array>();
  readonly reads: number[] = [];
  readonly writes: number[] = [];
  underWay = 0;
  mostUnderWay = 0;
  failing = false;

  async getMany(keys: string[]): Promise<(Uint8Array | undefined)[]> {
    this.reads.push(keys.length);
    await this.#work();
    return keys.map((key) => this.entries.get(key));
  }
  async setMany(entries: { key: string; value: Uint8Array }[]): Promise<void> {
    this.writes.push(entries.length);
    await this.#work();
    for (const { key, value } of entries) this.entries.set(key, value);
  }
  async get(key: string): Promise<Uint8Array | undefined> {
    return this.entries.get(key);
  }
  async set(key: string, value: Uint8Array): Promise<void> {
    this.entries.set(key, value);
  }
  async delete(key: string): Promise<boolean> {
    return this.entries.delete(key);
  }
  async clear(): Promise<void> {
    this.entries.clear();
  }
  *iterator(): IterableIterator<[string, Uint8Array]> {
    yield* this.entries;
  }
  async #work(): Promise<void> {
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay);
    await new Promise(setImmediate);
    this.underWay--;
    if (this.failing) throw new Error('the backend is away');
  }
}

const small = { small: true, durable: false };
const keys = Array.from({ length: 1_600 }, (_, i) => `Task/${i}`);

it('batches concurrent requests, and answers each with its own value', async () => {
  const store = new BatchStore();
  const client = new StoreClient(store, 'a store');
  await Promise.all(keys.map((key) => client.write(key, Buffer.from(key), small)));
  const read = await Promise.all([...keys, 'Task/none'].map((key) => client.read(key, small)));
  expect(read.map((bytes) => bytes && Buffer.from(bytes).toString())).toEqual([...keys, undefined]);
  expect([store.writes, store.reads, store.mostUnderWay]).toEqual([[500, 500, 500, 100], [500, 500, 500, 101], 2]);
});

it('sends large entries in smaller batches', async () => {
  const store = new BatchStore();
  const client = new StoreClient(store, 'a store');
  await Promise.all(keys.slice(0, 30).map((key) => client.write(key, new Uint8Array(1_000_000), small)));
  expect([store.writes.length > 3, store.entries.size]).toEqual([true, 30]);
});

it('rejects all requests of a failed batch, and continues afterwards', async () => {
  const store = new BatchStore();
  const client = new StoreClient(store, 'a store');
  store.failing = true;
  const failed = await Promise.allSettled(keys.map((key) => client.read(key, small)));
  expect(new Set(failed.map(({ status }) => status))).toEqual(new Set(['rejected']));
  expect((failed[7] as PromiseRejectedResult).reason).toEqual(expect.any(StorageError));
  expect((failed[7] as PromiseRejectedResult).reason.message).toMatch(/cannot read Task\/7 in a store: the backend is/);
  store.failing = false;
  await client.write('Task/1', Buffer.from('x'), small);
  expect(await client.read('Task/1', small)).toEqual(Buffer.from('x'));
});

it('lists the records of a store in batches', async () => {
  const store = new BatchStore();
  const storage = Storage.open(store);
  for (const key of keys.slice(0, 250)) store.entries.set(key, Buffer.from('not a record'));
  for await (const record of storage.list()) throw new Error(`listed ${record.key}`);
  expect(store.reads).toEqual([100, 100, 50]);
});
