import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { aesGcm, encoder, Param, Runner, Storage, StorageError, Task } from 'tidemark';
import { decodeEntry } from '../../src/storage/format/entry-format';
import { collect } from '../support/collect';
import { ObservedStore } from '../support/observed-store';
import { outcomeOf } from '../support/outcome';

let ran = 0;
beforeEach(() => void (ran = 0));

@Task({ save: true })
class Slow {
  @Param() n = 1;
  async run(): Promise<number> {
    ran++;
    await sleep(5);
    return this.n;
  }
}

const held = async (storage: Storage) => (await collect(storage.list())).map(({ params }) => params.n).sort();
const warnings = { onWarning: () => {} };

it('saves in the innermost scope and loads from all around it', async () => {
  const [own, outer, inner] = [1, 2, 3].map(() => Storage.open('memory:'));
  const runner = new Runner({ storage: own! });
  await runner.run(Slow, { n: 1 });
  await outer!.scope(() => runner.run(Slow, { n: 2 }));
  await outer!.scope(() => inner!.scope(() => runner.run(Slow, { n: 3 })));
  expect([await held(own!), await held(outer!), await held(inner!)]).toEqual([[1], [2], [3]]);
  await outer!.scope(() =>
    inner!.scope(async () => {
      for (const n of [1, 2, 3]) await runner.run(Slow, { n });
    }),
  );
  expect(ran).toBe(3);
});

it('hides what is outside when it is not nested, and saves nowhere when it does not save either', async () => {
  const [own, scope] = [Storage.open('memory:'), Storage.open('memory:')];
  const runner = new Runner({ storage: own });
  await runner.run(Slow);
  await scope.scope(() => runner.run(Slow), { nested: false, save: false });
  expect([ran, await held(scope)]).toEqual([2, []]);
  await scope.scope(() => runner.run(Slow), { nested: false });
  expect([ran, await held(scope)]).toEqual([3, [1]]);
});

it('keeps scopes apart that are open at the same time', async () => {
  const scopes = Array.from({ length: 8 }, () => Storage.open('memory:'));
  const runner = new Runner({ storage: 'memory:' });
  await Promise.all(
    scopes.map((scope, i) =>
      scope.scope(async () => {
        await sleep(Math.random() * 5);
        await runner.run(Slow, { n: i });
        await sleep(Math.random() * 5);
        await runner.run(Slow, { n: i + 100 });
      }),
    ),
  );
  expect(await Promise.all(scopes.map(held))).toEqual(scopes.map((_, i) => [i, i + 100].sort()));
  expect(await held(runner.storage)).toEqual([]);
});

it('is read once, when a run starts', async () => {
  const [own, scope] = [Storage.open('memory:'), Storage.open('memory:')];
  const runner = new Runner({ storage: own });
  const run = await scope.scope(async () => runner.start(Slow));
  await run.result;
  expect([await held(own), await held(scope)]).toEqual([[], [1]]);
});

it('lets go of itself when its body throws', async () => {
  const runner = new Runner({ storage: 'memory:' });
  const scope = Storage.open('memory:');
  const failing = scope.scope(() => {
    throw new Error('body');
  });
  await expect(failing).rejects.toThrow('body');
  await runner.run(Slow);
  expect(await held(scope)).toEqual([]);
});

it('copies what a later layer had into the first, once, with its record', async () => {
  const [near, far] = [Storage.open('memory:'), Storage.open('memory:')];
  await new Runner({ storage: far }).run(Slow);
  const runner = new Runner({ storage: Storage.chain(near, far, { promote: true }) });
  expect((await outcomeOf(runner.start(Slow))).summary).toMatchObject({ ran: 0, loaded: 1 });
  expect(await collect(near.list())).toEqual(await collect(far.list()));
  expect((await outcomeOf(runner.start(Slow))).summary).toMatchObject({ loaded: 1 });
  expect(ran).toBe(1);
});

it('writes the same record to all layers, however long one of them takes', async () => {
  const compress = (bytes: Uint8Array) => {
    for (const end = Date.now() + 5; Date.now() < end; );
    return bytes;
  };
  const slow = { encoder: encoder({ compressor: { id: 'slow', compress, decompress: (bytes: Uint8Array) => bytes } }) };
  const [near, far] = [Storage.open('memory:', slow), Storage.open('memory:', slow)];
  await new Runner({ storage: Storage.chain(near, far, { write: 'all' }) }).run(Slow);
  expect(await collect(near.list())).toEqual(await collect(far.list()));
});

it('asks a later layer only when the first does not have it', async () => {
  const [near, far] = [new ObservedStore(), new ObservedStore()];
  const runner = new Runner({ storage: Storage.chain(Storage.open(near), Storage.open(far), { write: 'all' }) });
  await runner.run(Slow);
  expect(far.lookups).toHaveLength(1);
  await runner.run(Slow);
  expect([ran, near.lookups.length, far.lookups.length]).toEqual([1, 2, 1]);
});

/** What is kept of a result, but for the epochs that its layer and those behind it were in. */
function recordOf(map: ReadonlyMap<string, Uint8Array>, key: string): unknown {
  const read = decodeEntry(map.get(key)!, key);
  return read.state === 'whole' && { ...read.entry.toRecord(), marks: [] };
}

it('sets aside what is damaged in one layer, loads it from another and mends the first', async () => {
  const map = new Map<string, Uint8Array>();
  const near = Storage.open(map);
  const runner = new Runner({ storage: Storage.chain(near, Storage.open('memory:'), { write: 'all', promote: true }) });
  await runner.run(Slow);
  const [key, entry] = [...map].find(([name]) => name.startsWith('Slow/'))!;
  const before = recordOf(map, key);
  map.set(key, entry.slice(0, -1));
  const { result, summary } = await outcomeOf(runner.start(Slow));
  expect([result, ran, summary.loaded, summary.storageErrors.length]).toEqual([1, 1, 1, 1]);
  expect([map.has(`@damaged/${key}`), recordOf(map, key)]).toEqual([true, before]);
});

it('loads from another layer what turns out to be damaged when it is decoded', async () => {
  const maps = [new Map<string, Uint8Array>(), new Map<string, Uint8Array>(), new Map<string, Uint8Array>()] as const;
  const storage = Storage.chain(Storage.open(maps[0]), Storage.open(maps[1]), Storage.open(maps[2]), {
    write: 'all',
    promote: true,
  });
  const runner = new Runner({ storage });
  await runner.run(Slow);
  const key = [...maps[0].keys()].find((name) => name.startsWith('Slow/'))!;
  const before = recordOf(maps[0], key);
  const flip = (entry: Uint8Array) => entry.map((byte, i) => (i === entry.length - 1 ? byte ^ 1 : byte));
  const flipped = maps.map((map) => flip(map.get(key)!));
  for (const i of [0, 1]) maps[i]!.set(key, flipped[i]!);
  const { result, summary } = await outcomeOf(runner.start(Slow));
  expect([result, ran, summary.loaded, summary.storageErrors.length]).toEqual([1, 1, 1, 2]);
  expect(maps.map((map) => map.has(key) && recordOf(map, key))).toEqual([before, false, before]);
  for (const [i, map] of maps.entries()) map.set(key, flipped[i]!);
  await runner.run(Slow);
  await runner.run(Slow);
  expect(ran).toBe(2);
});

it('copies nothing over what it could not read', async () => {
  const encrypted = (byte: number) => ({ encoder: encoder({ encrypter: aesGcm({ key: Buffer.alloc(32, byte) }) }) });
  const [near, far] = [new Map<string, Uint8Array>(), new Map<string, Uint8Array>()];
  await new Runner({ storage: Storage.open(near, encrypted(1)) }).run(Slow);
  await new Runner({ storage: far }).run(Slow);
  const before = new Map(near);
  const storage = Storage.chain(Storage.open(near, encrypted(2)), Storage.open(far), { promote: true });
  const { result } = await outcomeOf(new Runner({ storage, onStorageError: 'compute', ...warnings }).start(Slow));
  expect([result, ran, near]).toEqual([1, 2, before]);
});

it('ends the run when a layer cannot be asked, or computes when it is told to', async () => {
  const away = new ObservedStore();
  away.before = () => {
    throw new Error('away');
  };
  const near = new Map<string, Uint8Array>();
  const storage = Storage.chain(Storage.open(near), Storage.open(away));
  const { error } = await outcomeOf(new Runner({ storage }).start(Slow));
  expect([error.cause instanceof StorageError, ran]).toEqual([true, 0]);
  const computed = await outcomeOf(new Runner({ storage, onStorageError: 'compute', ...warnings }).start(Slow));
  expect([computed.result, ran, computed.summary.storageErrors.length > 0]).toEqual([1, 1, true]);
});

it('lists each key once, and deletes it everywhere', async () => {
  const [near, far] = [Storage.open('memory:'), Storage.open('memory:')];
  const storage = Storage.chain(near, far, { write: 'all' });
  await new Runner({ storage }).run(Slow, { n: 1 });
  await new Runner({ storage: far }).run(Slow, { n: 2 });
  expect(await held(storage)).toEqual([1, 2]);
  expect([...(await storage.stats())]).toEqual([['Slow', { count: 2, bytes: 2 }]]);
  const key = await new Runner({ storage }).key(Slow, { n: 1 });
  expect([await storage.get(key), await storage.has(key), await storage.delete(key)]).toEqual([1, true, true]);
  expect([await held(near), await held(far), await storage.get(key)]).toEqual([[], [2], undefined]);
});

it.each<[string, () => unknown, RegExp]>([
  ['no storage', () => (Storage.chain as any)(), /takes storages/],
  ['a URI and a storage', () => (Storage.chain as any)('memory:', Storage.open('memory:')), /takes storages/],
  [
    'an unknown option',
    () => (Storage.chain as any)(Storage.open('memory:'), { promot: true }),
    /did you mean promote/,
  ],
  [
    'an unknown way to write',
    () => (Storage.chain as any)(Storage.open('memory:'), { write: 'both' }),
    /write is 'both'/,
  ],
])('refuses a chain of %s', (_, make, message) => {
  expect(make).toThrow(message);
});

it('refuses a storage that stands twice in a chain, and an unknown option of a scope', async () => {
  const storage = Storage.open('memory:');
  expect(() => Storage.chain(storage, storage)).toThrow(/twice/);
  await expect(storage.scope(() => 1, { nestde: true } as never)).rejects.toThrow(/did you mean nested/);
});
