import '../../support/lease-thread';
import { readdirSync } from 'node:fs';
import { aesGcm, encoder, Storage, type TaskKey } from 'tidemark';
import type { Lease } from '../../../src/storage/leases/lease';
import type { CheckpointHit } from '../../../src/storage/storage-stack';
import { FileStore } from '../../../src/storage/stores/file/file-store';
import { collect } from '../../support/collect';
import { noisyText } from '../../support/noise';
import { ObservedStore } from '../../support/observed-store';
import { temporaryFolder } from '../../support/temporary-folder';

const folder = temporaryFolder();
const key = `Example/${'0'.repeat(32)}` as TaskKey;
const large = noisyText(50_000);

/** What is there, and counts no more. */
async function staleIn({ stack }: Storage): Promise<readonly CheckpointHit[]> {
  const [from] = stack.reads;
  const entry = await from!.store.find(key, undefined);
  return entry ? [{ from: from!, checkpoint: entry }] : [];
}

/** Saves as a run does that has a lease, or has none. */
async function save(
  storage: Storage,
  value: unknown,
  lease?: Lease,
  stale?: readonly CheckpointHit[],
): Promise<number> {
  const { stack } = storage;
  const facts = { key, task: 'Example', version: undefined, params: {}, source: 'abcdef', requires: [], marks: [] };
  const before = stale ?? (await staleIn(storage));
  const encoded = await stack.encode(value, undefined);
  return stack.save({
    fields: { ...facts, dynamic: [], seconds: 0.5 },
    forms: encoded,
    encoder: undefined,
    stale: before,
    lease,
  });
}

const leasesOf = (storage: Storage) => storage.stack.writes[0]!.leases!;
const takenIn = async (storage: Storage) => (await storage.stack.leases!.acquire(key))!;
const names = () =>
  readdirSync(`${folder.path}/${readdirSync(folder.path).find((name) => name.startsWith('Example'))}`);

it('writes records and blobs with a lease', async () => {
  const storage = Storage.open(`file:${folder.path}`);
  for (const value of ['small', large]) {
    expect(await save(storage, value, await takenIn(storage))).toBeGreaterThan(0);
    expect(await storage.get(key)).toBe(value);
    await storage.delete(key);
  }
  await storage.close();
});

it('replaces a stale record, and removes its blob', async () => {
  const storage = Storage.open(`file:${folder.path}`);
  await save(storage, large);
  await save(storage, 'new', await takenIn(storage));
  expect(await storage.get(key)).toBe('new');
  expect(names()).toEqual(['0'.repeat(32)]);
  await storage.close();
});

it('writes nothing with a lost lease, and leaves no blob', async () => {
  const encrypted = { encoder: encoder({ encrypter: aesGcm({ key: 'ab'.repeat(32) }) }) };
  const [a, b] = [Storage.open(`file:${folder.path}`, encrypted), Storage.open(`file:${folder.path}`, encrypted)];
  const lost = await takenIn(a);
  await leasesOf(b).clear();
  await save(b, 'theirs', await takenIn(b));
  await expect(save(a, noisyText(50_000), lost, [])).rejects.toMatchObject({ name: 'LeaseLostError', key });
  expect(lost.signal.aborted).toBe(true);
  expect(await a.get(key)).toBe('theirs');
  expect(names()).toEqual(['0'.repeat(32)]);
  await Promise.all([a.close(), b.close()]);
});

it('replaces a stale record, but no newer one, with a lease that was lost and acquired again', async () => {
  const [a, b] = [Storage.open(`file:${folder.path}`), Storage.open(`file:${folder.path}`)];
  await save(b, 'stale');
  for (const theirs of [undefined, 'theirs']) {
    const lease = await takenIn(a);
    const stale = await staleIn(a);
    await leasesOf(a).clear();
    if (theirs) await save(b, theirs);
    const saving = save(a, 'ours', lease, stale);
    if (theirs) await expect(saving).rejects.toMatchObject({ name: 'LeaseLostError' });
    else await saving;
    expect(await b.get(key)).toBe(theirs ?? 'ours');
  }
  await Promise.all([a.close(), b.close()]);
});

it('uses the leases of the last storage of a chain that has some, and writes that storage first', async () => {
  const [near, far] = [new ObservedStore(), Storage.open(`file:${folder.path}`)];
  const chain = Storage.chain(Storage.open(near), far, { write: 'all' });
  expect(chain.stack.leases).toBe(far.stack.leases);
  near.before = async (operation) => void (operation === 'set' && expect(await far.has(key)).toBe(true));
  await save(chain, 'both', await takenIn(chain));
  expect([await chain.get(key), await far.get(key), near.ofResults.length]).toEqual(['both', 'both', 1]);
  expect(Storage.chain(Storage.open(near), far).stack.leases).toBeUndefined();
  await chain.close();
});

it('writes to no other storage of a chain when the lease was lost', async () => {
  const [near, far] = [new ObservedStore(), Storage.open(`file:${folder.path}`)];
  const chain = Storage.chain(Storage.open(near), far, { write: 'all' });
  const lost = await takenIn(chain);
  await leasesOf(far).clear();
  const theirs = await takenIn(far);
  await expect(save(chain, 'ours', lost)).rejects.toMatchObject({ name: 'LeaseLostError' });
  expect([near.writes, await far.has(key)]).toEqual([[], false]);
  await theirs.release();
  await chain.close();
});

it('neither lists leases nor keeps them when everything is cleared', async () => {
  for (const store of [new FileStore(folder.path), new Map()]) {
    const storage = Storage.open(store);
    const lease = await takenIn(storage);
    expect(await collect(storage.list())).toEqual([]);
    await storage.clear();
    expect(await storage.stack.leases!.acquire(key)).toBeDefined();
    await lease.release();
    await storage.close();
  }
});

it('has no leases if the store has none', () => {
  expect(Storage.open(new ObservedStore()).stack.leases).toBeUndefined();
});

it.each([50, Number.NaN, '1s', 1e9])('refuses leases that expire after %p', (expiresAfter) => {
  expect(() => Storage.open('memory:', { lease: { expiresAfter: expiresAfter as number } })).toThrow(
    /the option lease is .*; it must be { expiresAfter: milliseconds }, from 100 to a day/,
  );
});
