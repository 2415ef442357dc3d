import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Keyv from 'keyv';
import { Storage, StorageError, type StorageSource } from 'tidemark';
import { saveIn } from '../support/checkpoint';
import { noisyText } from '../support/noise';
import { ObservedStore } from '../support/observed-store';
import { temporaryFolder } from '../support/temporary-folder';

const folder = temporaryFolder();

const sources: [string, () => StorageSource, string | RegExp][] = [
  ['memory:', () => 'memory:', 'memory'],
  ['file:PATH', () => `file:${folder.path}/store`, /\/store$/],
  ['file://PATH', () => `file://${folder.path}/store`, /\/store$/],
  ['a Map', () => new Map(), 'a Map'],
  ['a store adapter', () => new ObservedStore(), 'ObservedStore'],
  ['a store adapter without a class', () => ({ ...plainStore() }), 'a store'],
  ['a Keyv', () => new Keyv(), 'a Map'],
  ['a Keyv with a store adapter', () => new Keyv({ store: new ObservedStore() }), 'ObservedStore'],
];

function plainStore() {
  const map = new Map<string, Uint8Array>();
  return {
    get: async (key: string) => map.get(key),
    set: async (key: string, value: Uint8Array) => void map.set(key, value),
    delete: async (key: string) => map.delete(key),
    clear: async () => map.clear(),
    iterator: () => map.entries(),
  };
}

it.each(sources)('keeps results in %s', async (_, source, location) => {
  const storage = Storage.open(source());
  expect(storage.location).toEqual(typeof location === 'string' ? location : expect.stringMatching(location));
  const small = await saveIn(storage, { name: 'a', value: { small: [1, 2] } });
  const large = await saveIn(storage, { name: 'b', value: noisyText(60_000) });
  expect([await storage.get(small), (await storage.get(large)) === noisyText(60_000)]).toEqual([
    { small: [1, 2] },
    true,
  ]);
  expect([await storage.has(small), await storage.has(large)]).toEqual([true, true]);
  expect([
    await storage.delete(large),
    await storage.delete(large),
    await storage.has(large),
    await storage.get(large),
  ]).toEqual([true, false, false, undefined]);
  expect(await storage.get(small)).toEqual({ small: [1, 2] });
  await storage.clear();
  expect([await storage.has(small), await storage.get(small)]).toEqual([false, undefined]);
  await storage.close();
});

it('touches nothing before it is used', () => {
  Storage.open(`file:${folder.path}/store`);
  expect(existsSync(join(folder.path, 'store'))).toBe(false);
});

it('reports a store that cannot list', async () => {
  const { iterator: _, ...store } = plainStore();
  const storage = Storage.open(store);
  const error = await storage
    .list()
    .next()
    .catch((thrown) => thrown);
  expect(error).toBeInstanceOf(StorageError);
  expect(error.message).toMatch(/cannot list a store: the adapter has no iterator/);
});
