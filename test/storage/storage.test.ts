import { Param, Storage, Task } from 'tidemark';
import { quarantine } from '../../src/storage/maintain-store';
import { saveIn } from '../support/checkpoint';
import { collect } from '../support/collect';
import { noise } from '../support/noise';
import { ObservedStore } from '../support/observed-store';

@Task({ name: 'My task/№ 1' })
class Named {
  @Param() n!: number;
  run(): number {
    return this.n;
  }
}

const hash = (n: number) => n.toString(16).padStart(32, '0');
const keysOf = async (storage: Storage, filter?: { task: string | typeof Named }) =>
  (await collect(storage.list(filter as never))).map(({ key }) => key).sort();

it('lists all records, or those of a task by class or name, and reads no blobs', async () => {
  const store = new ObservedStore();
  const storage = Storage.open(store);
  const a = await saveIn(storage, { task: 'A', name: hash(1), params: { n: 1 } });
  const large = await saveIn(storage, { task: 'A', name: hash(2), value: noise(40_000) });
  const other = await saveIn(storage, { task: 'Ab', name: hash(1) });
  const named = await saveIn(storage, { task: 'My%20task%2F%u2116%201', name: hash(3) });
  store.reads.length = 0;
  expect(await keysOf(storage)).toEqual([a, large, other, named].sort());
  expect(store.reads.some((key) => key.includes('.'))).toBe(false);
  expect(await keysOf(storage, { task: 'A' })).toEqual([a, large]);
  expect(await keysOf(storage, { task: Named })).toEqual([named]);
  expect(await keysOf(storage, { task: 'My task/№ 1' })).toEqual([named]);
  expect(await keysOf(storage, { task: 'None' })).toEqual([]);
});

it('omits unreadable records from a list', async () => {
  const map = new Map<string, Uint8Array>();
  const storage = Storage.open(map);
  const good = await saveIn(storage, { name: hash(1) });
  const bad = await saveIn(storage, { name: hash(2) });
  map.set(bad, map.get(bad)!.slice(0, 50));
  await quarantine(storage.stack.all[0]!, bad);
  const worse = await saveIn(storage, { name: hash(3) });
  map.set(worse, Buffer.from('tidemark1 '));
  await storage.stack.mark('Example');
  expect(await keysOf(storage)).toEqual([good]);
});

it("clears its own entries and leaves what else is in a user's Map", async () => {
  const foreign: [string, unknown][] = [
    ['settings', { theme: 'dark' }],
    ['avatar', Buffer.from('png')],
    ['users/7', { name: 'Ada' }],
    ['users/8', Buffer.from('bytes of a user')],
    ['@scope/package', 'text'],
  ];
  const map = new Map<string, any>(foreign);
  const storage = Storage.open(map);
  await saveIn(storage, { name: hash(1) });
  await saveIn(storage, { name: 'my-own-key', value: noise(40_000) });
  const bad = await saveIn(storage, { name: hash(2) });
  map.set(bad, Buffer.from('broken'));
  await quarantine(storage.stack.all[0]!, bad);
  await saveIn(storage, { name: hash(3) });
  map.set(`Example/${hash(3)}`, Buffer.from('broken'));
  await storage.stack.mark('Example', hash(1));
  expect(await keysOf(storage)).toHaveLength(2);
  await storage.clear();
  expect([...map]).toEqual(foreign);
});

it('deletes a blob together with its record', async () => {
  const map = new Map<string, Uint8Array>();
  const storage = Storage.open(map);
  const key = await saveIn(storage, { value: noise(40_000) });
  const left = () => [...map.keys()].filter((name) => name.startsWith(key)).length;
  expect(left()).toBe(2);
  await storage.delete(key);
  expect(left()).toBe(0);
});

it('keeps results of up to inlineBytes in one entry', async () => {
  for (const [inlineBytes, entries] of [
    [0, 2],
    [100, 1],
    [Number.POSITIVE_INFINITY, 1],
  ] as const) {
    const map = new Map<string, Uint8Array>();
    const storage = Storage.open(map, { inlineBytes });
    const key = await saveIn(storage, { value: { a: 'small' } });
    const kept = [...map.keys()].filter((name) => name.startsWith(key)).length;
    expect([kept, await storage.get(key)]).toEqual([entries, { a: 'small' }]);
  }
});

it('flushes results that are worth it, all, or none', async () => {
  for (const [fsync, flushed] of [
    ['worth-it', [false, true]],
    ['always', [true, true]],
    ['never', [false, false]],
    [undefined, [false, true]],
  ] as const) {
    const durable: unknown[] = [];
    const store = Object.assign(new ObservedStore(), {
      set: (key: string, _value: unknown, _ttl: unknown, options: { durable: boolean }) =>
        void (key.startsWith('@') || durable.push(options.durable)),
    });
    const storage = Storage.open(store, fsync && { fsync });
    for (const seconds of [0.019, 0.02]) await saveIn(storage, { seconds });
    expect(durable).toEqual(flushed);
  }
});

it('writes a blob before the record that names it', async () => {
  const store = new ObservedStore();
  const key = await saveIn(Storage.open(store), { value: noise(40_000) });
  expect(store.writes.filter((name) => !name.startsWith('@'))).toEqual([
    expect.stringMatching(/^Example\/0{32}\.[0-9a-f]{32}$/),
    key,
  ]);
});

it.each<[object, RegExp]>([
  [{ fsnyc: 'always' }, /no option fsnyc; did you mean fsync\?/],
  [{ fsync: 'sometimes' }, /fsync is 'sometimes'; it must be 'worth-it', 'always' or 'never'/],
  [{ inlineBytes: -1 }, /inlineBytes is -1/],
  [{ inlineBytes: Number.NaN }, /inlineBytes is NaN/],
])('refuses the options %p', (options, message) => {
  expect(() => Storage.open('memory:', options)).toThrow(message);
});
