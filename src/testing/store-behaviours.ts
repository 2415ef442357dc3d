import assert from 'node:assert';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { StoreAdapter } from '../storage/store';
import { StoreClient } from '../storage/store-client';
import { isWhole, sealed } from './sealed-bytes';

/** A store under test, empty at first. */
export interface StoreUnderTest {
  readonly store: StoreAdapter;
  /** Closes it and opens it again, as another process would that comes later. */
  reopen(): Promise<StoreAdapter>;
  close(): Promise<void>;
}

export type StoreBehaviour = keyof typeof storeBehaviours;

export const storeBehaviours = {
  'keeps every value of a byte': (store: StoreAdapter) =>
    comesBack(
      store,
      Uint8Array.from({ length: 256 }, (_, i) => i),
    ),
  'keeps 0 bytes': (store: StoreAdapter) => comesBack(store, new Uint8Array(0)),
  'keeps 1 byte': (store: StoreAdapter) => comesBack(store, Uint8Array.of(255)),
  'keeps 65,535 bytes': (store: StoreAdapter) => comesBack(store, sealed(1, 65_535)),
  'keeps 65,536 bytes': (store: StoreAdapter) => comesBack(store, sealed(1, 65_536)),
  'keeps 65,537 bytes': (store: StoreAdapter) => comesBack(store, sealed(1, 65_537)),
  'keeps 1 MiB': (store: StoreAdapter) => comesBack(store, sealed(1, 2 ** 20)),
  'keeps 64 MiB': (store: StoreAdapter) => comesBack(store, sealed(1, 2 ** 26)),

  async 'keeps a part of a larger buffer, and only that'(store: StoreAdapter) {
    await comesBack(store, sealed(1, 4096).subarray(100, 300));
  },

  async 'keeps 5,000 entries apart'(store: StoreAdapter) {
    const keys = Array.from({ length: 5000 }, (_, i) => `Many/${i.toString(16).padStart(32, '0')}`);
    await Promise.all(keys.map((key, i) => store.set(key, sealed(i, 50))));
    for (const [i, key] of keys.entries()) assertBytes(await store.get(key), sealed(i, 50));
  },

  async 'keeps long and strange names apart'(store: StoreAdapter) {
    const keys = [...strangeKeys];
    for (const [i, key] of keys.entries()) await store.set(key, sealed(i, 100));
    for (const [i, key] of keys.entries()) assertBytes(await store.get(key), sealed(i, 100));
    assert.deepStrictEqual(await listed(store, ''), keys.sort());
  },

  async 'replaces a value by a longer and by a shorter one'(store: StoreAdapter) {
    for (const size of [100, 100_000, 70_000, 40]) await comesBack(store, sealed(size, size));
  },

  async 'keeps what is to be durable'(store: StoreAdapter) {
    await store.set('Task/small', sealed(1, 100), undefined, { durable: true });
    await store.set('Task/large', sealed(2, 100_000), undefined, { durable: true });
    assertBytes(await store.get('Task/small'), sealed(1, 100));
    assertBytes(await store.get('Task/large'), sealed(2, 100_000));
  },

  async 'gives out bytes that stay as they are'(store: StoreAdapter) {
    for (const i of [1, 2, 3]) await store.set(`Task/${i}`, sealed(i, 500));
    const first = await store.get('Task/1');
    await store.get('Task/2');
    await store.set('Task/1', sealed(4, 500));
    await store.delete('Task/3');
    assertBytes(first, sealed(1, 500));
  },

  async 'has nothing under a key that was never set'(store: StoreAdapter) {
    await store.set('Task/other', sealed(1, 100));
    assert.strictEqual(await store.get('Task/none'), undefined);
    assert.strictEqual(await store.get('None/none'), undefined);
    assert.strictEqual(await store.delete('Task/none'), false);
    assert.strictEqual(await store.delete('None/none'), false);
    assert.deepStrictEqual(await listed(store, 'None/'), []);
  },

  async 'deletes one entry and no other'(store: StoreAdapter) {
    await store.set('Task/a', sealed(1, 100));
    await store.set('Task/ab', sealed(2, 100));
    assert.strictEqual(await store.delete('Task/a'), true);
    assert.strictEqual(await store.get('Task/a'), undefined);
    assert.strictEqual(await store.delete('Task/a'), false);
    assertBytes(await store.get('Task/ab'), sealed(2, 100));
  },

  async 'tells whether it has a key'(store: StoreAdapter) {
    await store.set('Task/empty', new Uint8Array(0));
    assert.strictEqual(await entriesOf(store).has('Task/empty'), true);
    assert.strictEqual(await entriesOf(store).has('Task/none'), false);
  },

  async 'gets many in the order asked for'(store: StoreAdapter) {
    const sizes = [100, 80_000, 50, 90_000, 1000];
    for (const size of sizes) await store.set(`Task/${size}`, sealed(size, size));
    const keys = ['Task/none', ...sizes.map((size) => `Task/${size}`), 'None/none'];
    const values = await (store.getMany ? store.getMany(keys) : Promise.all(keys.map((key) => store.get(key))));
    assert.strictEqual(values.length, 7);
    for (const [i, size] of sizes.entries()) assertBytes(values[i + 1], sealed(size, size));
    assert.deepStrictEqual([values[0], values[6]], [undefined, undefined]);
  },

  async 'sets many at once, the last one of a key'(store: StoreAdapter) {
    await store.set('Task/40', sealed(1, 5000));
    const sizes = [70_000, 40, 100, 1_000_000];
    const entries = sizes.map((size) => ({ key: `Task/${size}`, value: sealed(size, size) }));
    await setAll(store, [{ key: 'Task/100', value: sealed(2, 300) }, ...entries]);
    for (const size of sizes) assertBytes(await store.get(`Task/${size}`), sealed(size, size));
    assert.strictEqual((await listed(store, '')).length, 4);
  },

  async 'uses no bytes that others use, when it says so'(store: StoreAdapter) {
    if (!store.copies) return;
    for (const size of [40, 3000, 100_000]) {
      const entries = [1, 2].map((i) => ({ key: `Task/${size}-${i}`, value: sealed(i, size) }));
      await store.set(entries[0]!.key, entries[0]!.value);
      await setAll(store, entries.slice(1));
      for (const { value } of entries) value.fill(0);
      for (const [i, { key }] of entries.entries()) {
        const value = (await store.get(key)) as Uint8Array;
        assertBytes(value, sealed(i + 1, size));
        value.fill(0);
        assertBytes(await store.get(key), sealed(i + 1, size));
      }
    }
  },

  async 'shows readers one whole value while several write it'(store: StoreAdapter) {
    await store.set('Task/shared', sealed(0, 100));
    let writing = true;
    const readers = [1, 2, 3].map(async () => {
      for (; writing; await nextTurn()) assert.strictEqual(isWhole(await store.get('Task/shared')), true);
    });
    const writers = [64, 5000, 70_000, 300_000].map(async (size) => {
      for (let i = 0; i < 25; i++, await nextTurn()) await store.set('Task/shared', sealed(i, size + i));
    });
    await Promise.all(writers).finally(() => void (writing = false));
    await Promise.all(readers);
  },

  async 'lists everything that stays while other entries come and go'(store: StoreAdapter) {
    const staying = Array.from({ length: 600 }, (_, i) => `Task/stays-${i}`);
    for (const key of staying) await store.set(key, sealed(1, 40));
    const found: string[] = [];
    let i = 0;
    for await (const key of entriesOf(store).keys('Task/')) {
      found.push(key);
      if (i < 600) await store.set(`Task/comes-${i}`, sealed(1, 40));
      if (i++ % 2 === 0) await store.delete(`Task/comes-${i - 2}`);
    }
    assert.deepStrictEqual(found.filter((key) => key.includes('stays')).sort(), staying.sort());
  },

  async 'lists the keys that start with a prefix, and no others'(store: StoreAdapter) {
    const keys = ['@cleared/Ab', '@damaged/Ab/x', 'A/x', 'Ab/x', 'Ab/xy', 'Ab/y.1f', 'Abc/x', 'ab/x'];
    for (const key of keys) await store.set(key, sealed(1, 40));
    for (const prefix of ['Ab/', 'Ab', 'A', 'Ab/x', 'Ab/xyz', '@', '@damaged/', '@damaged/Ab/', 'a', 'x', '']) {
      assert.deepStrictEqual(
        [prefix, await listed(store, prefix)],
        [prefix, keys.filter((key) => key.startsWith(prefix)).sort()],
      );
    }
  },

  async 'iterates over all entries'(store: StoreAdapter) {
    const sizes = new Map(strangeKeys.map((key, i) => [key, i % 2 === 0 ? 100 + i : 70_000 + i]));
    for (const [key, size] of sizes) await store.set(key, sealed(size, size));
    for await (const [key, value] of store.iterator!()) {
      const size = sizes.get(key) ?? 0;
      assertBytes(value, sealed(size, size));
      sizes.delete(key);
    }
    assert.strictEqual(sizes.size, 0);
  },

  async 'adds whole pieces to the end, whoever else adds'(store: StoreAdapter) {
    const lines = (writer: string) => Array.from({ length: 40 }, (_, i) => `${writer.repeat(100)} ${i}\n`);
    // A store that cannot append has one writer at a time.
    const writers = store.append ? ['a', 'b', 'c', 'd'] : ['a'];
    await Promise.all(
      writers.map(async (writer) => {
        for (const line of lines(writer)) await entriesOf(store).append('@cleared/Task', Buffer.from(line));
      }),
    );
    const text = Buffer.from((await store.get('@cleared/Task')) as Uint8Array).toString();
    const found = text.match(/.*\n/g) ?? [];
    for (const writer of writers) {
      assert.deepStrictEqual(
        found.filter((line) => line.startsWith(writer)),
        lines(writer),
      );
    }
    assert.strictEqual(found.length, 40 * writers.length);
  },

  async 'deletes everything when cleared, and goes on'(store: StoreAdapter) {
    for (const key of strangeKeys) await store.set(key, sealed(1, 100));
    await store.clear();
    for (const key of strangeKeys) assert.strictEqual(await store.get(key), undefined);
    assert.deepStrictEqual(await listed(store, ''), []);
    await comesBack(store, sealed(2, 100));
  },

  async 'has everything when it is opened again'(store: StoreAdapter, { reopen }: StoreUnderTest) {
    await store.set('Task/a', sealed(1, 100));
    await store.set('Task/large', sealed(2, 1_000_000));
    await store.set('Task/deleted', sealed(3, 100));
    await store.delete('Task/deleted');
    const later = await reopen();
    assertBytes(await later.get('Task/a'), sealed(1, 100));
    assertBytes(await later.get('Task/large'), sealed(2, 1_000_000));
    assert.deepStrictEqual(await listed(later, ''), ['Task/a', 'Task/large']);
  },
};

const strangeKeys = [
  `${'L'.repeat(200)}/${'l'.repeat(200)}`,
  `Task/${'x'.repeat(199)}`,
  'Task/caf%C3%A9%20%2F%00',
  'Task/~-_.@%',
  'Task/.hidden',
  '.Hidden/..x',
  '-r/--help',
  '@damaged/Task/0f3a.77',
  '@damaged/task/0f3a.77',
  'Task/__proto__',
  'constructor/toString',
  'Case/Name',
  'Case/name',
  'case/Name',
  'CASE/NAME',
];

async function comesBack(store: StoreAdapter, value: Uint8Array): Promise<void> {
  await store.set('Task/0f3a', value);
  assertBytes(await store.get('Task/0f3a'), value);
}

/** Compares whole, since a matcher that looks for the difference takes seconds for a large value. */
function assertBytes(actual: unknown, expected: Uint8Array): void {
  assert.ok(actual instanceof Uint8Array);
  assert.strictEqual((actual as Uint8Array).length, expected.length);
  assert.strictEqual(Buffer.compare(actual as Uint8Array, expected), 0);
}

async function setAll(store: StoreAdapter, entries: { key: string; value: Uint8Array }[]): Promise<void> {
  if (store.setMany) await store.setMany(entries);
  else for (const { key, value } of entries) await store.set(key, value);
}

async function listed(store: StoreAdapter, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of entriesOf(store).keys(prefix)) keys.push(key);
  return keys.sort();
}

/** A store as its users have it: what it cannot do is done with what it can. */
function entriesOf(store: StoreAdapter): StoreClient {
  return new StoreClient(store, 'the store');
}
