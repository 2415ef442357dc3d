import { EventEmitter } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { KeyvAdapter } from '../../../src/storage/stores/keyv/adapter';
import { KeyvStore, wrapAdapter } from '../../../src/storage/stores/keyv/keyv-store';
import { MemoryStore } from '../../../src/storage/stores/memory';
import { collect } from '../../support/collect';

const bytes = Uint8Array.of(0, 127, 128, 255);

/** A Map that notes what is asked of it, some of it done in another way. */
function observed(changes: Partial<KeyvAdapter> = {}, rows = new Map<string, any>()) {
  const calls: string[] = [];
  const note = <T>(name: string, key: string, act: () => T): T => {
    calls.push(`${name} ${key.replace(/^@probe\/.*/, '@probe')}`);
    return act();
  };
  const adapter: KeyvAdapter = {
    get: (key) => note('get', key, () => rows.get(key)),
    set: (key, value) => note('set', key, () => void rows.set(key, value)),
    delete: (key) => note('delete', key, () => rows.delete(key)),
    iterator: () => rows.entries(),
    ...changes,
  };
  return { adapter, rows, calls };
}

const textOnly = () => {
  const rows = new Map<string, any>();
  return observed({ set: (key, value) => void rows.set(key, JSON.parse(JSON.stringify(value))) }, rows);
};

it('tests at the first save if an adapter keeps bytes, and never again', async () => {
  const { adapter, rows, calls } = observed();
  const store = new KeyvStore(adapter);
  expect(store.get('Task/a')).toBeUndefined();
  expect(calls.splice(0)).toEqual(['get Task/a']);
  await Promise.all([store.set('Task/a', bytes), store.set('Task/b', bytes)]);
  expect(calls.splice(0)).toEqual([
    'get @probe',
    'set @probe',
    'get @probe',
    'delete @probe',
    'set Task/a',
    'set Task/b',
  ]);
  expect([store.set('Task/c', bytes), store.get('Task/c')]).toEqual([true, Buffer.from(bytes)]);
  expect(calls).toEqual(['set Task/c', 'get Task/c']);
  expect([...rows.keys()]).toEqual(['Task/a', 'Task/b', 'Task/c']);
});

it('marks each entry that is text, so that any process can read it', async () => {
  const { adapter, rows } = textOnly();
  await new KeyvStore(adapter).set('Task/a', bytes);
  expect([...rows]).toEqual([['Task/a', 'base64:AH+A/w==']]);
  rows.set('Task/b', Buffer.from('base64:AA=='));
  const later = new KeyvStore(adapter);
  expect([later.get('Task/a'), later.get('Task/b')]).toEqual([bytes, Buffer.from('base64:AA==')]);
});

it('refuses an adapter that keeps neither bytes nor text, and tests again at the next save', async () => {
  const { adapter, rows } = observed({ set: () => undefined });
  const store = new KeyvStore(adapter);
  await expect(store.set('Task/a', bytes)).rejects.toThrow(
    'cannot write to a store (Task/a): neither bytes nor text come back as they were set. Fix the problem or choose another storage.',
  );
  adapter.set = (key, value) => void rows.set(key, value);
  expect(await store.set('Task/a', bytes)).toBe(true);
});

it('does not mistake an unreachable server for one that keeps only text', async () => {
  let isAway = true;
  const rows = new Map<string, any>();
  const set = async (key: string, value: unknown) => {
    if (isAway) throw new Error('away');
    rows.set(key, value);
  };
  const store = new KeyvStore(
    observed({ get: async (key) => (isAway ? Promise.reject(new Error('away')) : rows.get(key)), set }).adapter,
  );
  await expect(store.set('Task/a', bytes)).rejects.toThrow('cannot write to a store (Task/a): away.');
  isAway = false;
  await store.set('Task/a', bytes);
  expect(rows.get('Task/a')).toEqual(Buffer.from(bytes));
});

/** What tells of an error by an event, and comes back as if nothing had happened. */
const failing = (adapter: EventEmitter, result?: unknown) => async () => {
  adapter.emit('error', new Error('broken'));
  return result as any;
};

it.each<[string, (adapter: EventEmitter) => Partial<KeyvAdapter>, (store: KeyvStore) => unknown]>([
  ['get', (adapter) => ({ get: failing(adapter) }), (store) => store.get('Task/a')],
  ['has', (adapter) => ({ has: failing(adapter, false) }), (store) => store.has('Task/a')],
  ['set', (adapter) => ({ set: failing(adapter) }), (store) => store.set('Task/a', bytes)],
  ['delete', (adapter) => ({ delete: failing(adapter, false) }), (store) => store.delete('Task/a')],
  ['getMany', (adapter) => ({ getMany: failing(adapter, []) }), (store) => store.getMany?.(['Task/a'])],
  [
    'setMany',
    (adapter) => ({ setMany: failing(adapter) }),
    (store) => store.setMany?.([{ key: 'Task/a', value: bytes }]),
  ],
  ['iterator', (adapter) => ({ iterator: failing(adapter, []) }), (store) => collect(store.keys())],
])('makes an error event of %s() a rejection', async (_, broken, use) => {
  const many = { getMany: async () => [bytes], setMany: async () => undefined };
  const adapter = Object.assign(new EventEmitter(), observed().adapter, many);
  const store = new KeyvStore(adapter);
  await store.set('Task/a', bytes);
  Object.assign(adapter, broken(adapter));
  await expect((async () => use(store))()).rejects.toThrow(/^cannot .*EventEmitter.*: broken\. Fix the problem/);
});

it('survives error events without a request', async () => {
  const adapter = Object.assign(new EventEmitter(), observed().adapter);
  const store = new KeyvStore(adapter);
  await store.set('Task/a', bytes);
  adapter.emit('error', new Error('the connection broke, and was made again'));
  expect(store.get('Task/a')).toEqual(Buffer.from(bytes));
});

it('stops waiting for an adapter that emits an error, and opens another at the next use', async () => {
  const opened: EventEmitter[] = [];
  const open = () => {
    const isFirst = opened.length === 0;
    const hanging = { get: () => new Promise(() => undefined), disconnect: () => new Promise(() => undefined) };
    opened.push(Object.assign(new EventEmitter(), observed().adapter, isFirst && hanging));
    return opened.at(-1) as unknown as KeyvAdapter;
  };
  const store = new KeyvStore(open, { location: 'a database' });
  const reading = store.get('Task/a');
  opened[0]!.emit('error', new Error('no route'));
  await expect(reading).rejects.toThrow('cannot read from a database (Task/a): no route.');
  expect(await store.get('Task/a')).toBeUndefined();
  expect(opened).toHaveLength(2);
  opened[0]!.emit('error', new Error('no route'));
  expect(await store.set('Task/a', bytes)).toBe(true);
  await store.disconnect();
});

it('waits 5 seconds for an adapter that emitted an error before the request', async () => {
  jest.useFakeTimers();
  const hanging = { get: () => new Promise(() => undefined), disconnect: () => new Promise(() => undefined) };
  const adapter = Object.assign(new EventEmitter(), observed().adapter, hanging);
  const store = new KeyvStore(adapter, { location: 'a database' });
  adapter.emit('error', new Error('no route'));
  const reading = expect(store.get('Task/a')).rejects.toThrow('cannot read from a database (Task/a): no route.');
  await jest.advanceTimersByTimeAsync(5000);
  await reading;
  await store.disconnect();
  jest.useRealTimers();
});

it('waits for pending requests before it disconnects', async () => {
  const order: string[] = [];
  const { adapter } = observed({
    get: async () => {
      await wait(20);
      order.push('got');
    },
    disconnect: () => void order.push('disconnected'),
  });
  const store = new KeyvStore(adapter);
  const reading = store.get('Task/a');
  await store.disconnect();
  await reading;
  expect(order).toEqual(['got', 'disconnected']);
});

it('reports a refused write, and an adapter that cannot list', async () => {
  const { adapter } = observed();
  const store = new KeyvStore(adapter);
  await store.set('Task/a', bytes);
  Object.assign(adapter, { set: async () => false, iterator: undefined });
  await expect(store.set('Task/b', bytes)).rejects.toThrow('cannot write to a store (Task/b): it refuses the value.');
  await expect(store.keys().next()).rejects.toThrow(
    'cannot list a store: the adapter has no iterator(). Use one that has or choose another storage.',
  );
});

it('clears entries with bytes, and leaves other values', async () => {
  const foreign: [string, unknown][] = [
    ['settings', { theme: 'dark' }],
    ['note', 'text'],
    ['nothing', null],
  ];
  const { adapter, rows } = textOnly();
  for (const [key, value] of foreign) rows.set(key, value);
  adapter.clear = () => rows.clear();
  const store = new KeyvStore(adapter);
  await store.set('Task/a', bytes);
  await store.set('Task/b', bytes);
  expect(await collect(store.iterator())).toEqual([
    ['Task/a', bytes],
    ['Task/b', bytes],
  ]);
  await store.clear();
  expect([...rows]).toEqual(foreign);
});

it('uses only keys with its prefix', async () => {
  const { adapter, rows } = observed({}, new Map<string, any>([['Task/a', 'theirs']]));
  const namespaces: unknown[] = [];
  adapter.iterator = (namespace) => {
    namespaces.push(namespace);
    return rows.entries();
  };
  const store = new KeyvStore(adapter, { prefix: 'tidemark:', isOwn: true });
  await store.set('Task/a', bytes);
  expect([[...rows.keys()], await collect(store.keys('Task/')), namespaces]).toEqual([
    ['Task/a', 'tidemark:Task/a'],
    ['Task/a'],
    ['tidemark'],
  ]);
  await store.clear();
  expect([...rows]).toEqual([['Task/a', 'theirs']]);
});

it('uses a store made for Tidemark directly', () => {
  const [own, copying, foreign] = [new MemoryStore(), { ...observed().adapter, copies: false }, observed().adapter];
  expect([wrapAdapter(own), wrapAdapter(copying as never)]).toEqual([own, copying]);
  expect(wrapAdapter(foreign)).toBeInstanceOf(KeyvStore);
});
