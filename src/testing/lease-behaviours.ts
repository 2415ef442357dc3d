import assert from 'node:assert';
import { setTimeout as wait } from 'node:timers/promises';
import { type Lease, leaseKeyOf } from '../storage/leases/lease';
import type { LeaseManager } from '../storage/leases/lease-manager';
import type { StoreAdapter } from '../storage/store';
import type { TaskKey } from '../task/context';

/** In milliseconds. */
export const expiresAfter = 1200;

export type LeaseBehaviour = keyof typeof leaseBehaviours;

/** Opens the store once more. @param isSilent whether leases taken here are never renewed */
type Open = (options?: { isSilent?: boolean }) => { readonly store: StoreAdapter; readonly leases: LeaseManager };

const key = 'Choose/0f3a' as TaskKey;
const forever = () => new AbortController().signal;
const bytes = (text: string) => new Uint8Array(Buffer.from(text));

export const leaseBehaviours = {
  async 'gives a lease to one only, also within one process'(open: Open) {
    const [a, b] = [open().leases, open().leases];
    assert.strictEqual((await a.acquire(key))?.key, key);
    assert.deepStrictEqual([await a.acquire(key), await b.acquire(key)], [undefined, undefined]);
    assert.notStrictEqual(await b.acquire('Choose/0f3b' as TaskKey), undefined);
  },

  async 'gives it to one of those who ask at the same time'(open: Open) {
    const all = Array.from({ length: 8 }, () => open().leases);
    const taken = await Promise.all(all.map((leases) => leases.acquire(key)));
    assert.strictEqual(taken.filter((lease) => lease !== undefined).length, 1);
  },

  async 'has a free lease after release, and release never fails'(open: Open) {
    const [a, b] = [open().leases, open().leases];
    const lease = (await a.acquire(key))!;
    await Promise.all([lease.release(), lease.release()]);
    const next = (await b.acquire(key))!;
    assert.notStrictEqual(next, undefined);
    await lease.release();
    assert.strictEqual(await a.acquire(key), undefined);
  },

  async 'writes the result and gives the lease back'(open: Open) {
    const [a, b] = [open(), open()];
    const lease = (await a.leases.acquire(key))!;
    assert.strictEqual(await written(lease, 'result'), true);
    assert.strictEqual(textOf(await b.store.get(key)), 'result');
    assert.notStrictEqual(await b.leases.acquire(key), undefined);
    assert.deepStrictEqual([await written(lease, 'again'), lease.signal.aborted], [false, false]);
    assert.strictEqual(textOf(await b.store.get(key)), 'result');
  },

  async 'replaces what is stale'(open: Open) {
    const { store, leases } = open();
    await store.set(key, bytes('stale'));
    assert.strictEqual(await written((await leases.acquire(key))!, 'result', 'stale', true), true);
    assert.strictEqual(textOf(await store.get(key)), 'result');
  },

  async 'writes large and durable results'(open: Open) {
    const { store, leases } = open();
    const large = 'x'.repeat(200_000);
    assert.strictEqual(await written((await leases.acquire(key))!, large, undefined, true), true);
    assert.strictEqual(textOf(await store.get(key)), large);
  },

  async 'tells those who wait when it was given back'(open: Open) {
    const [a, b] = [open().leases, open().leases];
    const lease = (await a.acquire(key))!;
    let isFree = false;
    const waits = [a, b, b].map((leases) => leases.whenFree(key, forever()).then(() => (isFree = true)));
    await wait(100);
    assert.strictEqual(isFree, false);
    await lease.release();
    await Promise.all(waits);
    assert.notStrictEqual(await b.acquire(key), undefined);
  },

  async 'tells those who wait at once when nobody has it'(open: Open) {
    await open().leases.whenFree(key, forever());
  },

  async 'lets those go who do not want to wait any more'(open: Open) {
    const [a, b] = [open().leases, open().leases];
    await a.acquire(key);
    const controller = new AbortController();
    const waits = [b.whenFree(key, controller.signal), b.whenFree(key, forever())].map((each) =>
      each.catch((error) => error.message),
    );
    controller.abort(new Error('enough'));
    assert.strictEqual(await waits[0], 'enough');
    await b.close();
    assert.match(await waits[1], /closed/);
    await assert.rejects(async () => b.whenFree(key, controller.signal), /enough/);
  },

  async 'keeps a lease for as long as its owner lives'(open: Open) {
    const [a, b] = [open(), open().leases];
    await wakeKeeper(a.leases);
    const lease = (await a.leases.acquire(key))!;
    const waiting = b.whenFree(key, forever()).then(() => 'free');
    assert.strictEqual(await Promise.race([waiting, wait(expiresAfter * 2.5, 'held')]), 'held');
    assert.deepStrictEqual([await b.acquire(key), lease.signal.aborted], [undefined, false]);
    assert.strictEqual(await written(lease, 'result'), true);
    await waiting;
  },

  async 'frees the lease of an owner who is silent'(open: Open) {
    await open({ isSilent: true }).leases.acquire(key);
    const { leases } = open();
    assert.strictEqual(await leases.acquire(key), undefined);
    assert.strictEqual((await takenBy(leases))?.key, key);
  },

  async 'refuses what a late owner writes, and keeps what the next one wrote'(open: Open) {
    const [late, next] = [open({ isSilent: true }), open()];
    const lost = (await late.leases.acquire(key))!;
    const lease = await takenBy(next.leases);
    assert.strictEqual(await written(lost, 'late'), false);
    assertLost(lost);
    assert.strictEqual(await next.store.get(key), undefined);
    assert.strictEqual(await written(lease, 'next'), true);
    assert.strictEqual(textOf(await next.store.get(key)), 'next');
  },

  async 'refuses what a late owner writes after the next one has written, also over what was stale'(open: Open) {
    const [late, next] = [open({ isSilent: true }), open()];
    await next.store.set(key, bytes('stale'));
    const lost = (await late.leases.acquire(key))!;
    assert.strictEqual(await written(await takenBy(next.leases), 'next', 'stale'), true);
    assert.strictEqual(await written(lost, 'late', 'stale'), false);
    assert.strictEqual(textOf(await next.store.get(key)), 'next');
    assert.notStrictEqual(await next.leases.acquire(key), undefined);
  },

  async 'writes what a late owner has when nobody else came'(open: Open) {
    const { store, leases } = open({ isSilent: true });
    await store.set(key, bytes('stale'));
    const lease = (await leases.acquire(key))!;
    await wait(expiresAfter * 1.5);
    assert.strictEqual(await written(lease, 'late', 'stale'), true);
    assert.strictEqual(textOf(await store.get(key)), 'late');
  },

  async 'writes what a late owner has when the next one gave up'(open: Open) {
    const [late, next] = [open({ isSilent: true }), open()];
    const lease = (await late.leases.acquire(key))!;
    await (await takenBy(next.leases)).release();
    assert.strictEqual(await written(lease, 'late'), true);
    assert.strictEqual(textOf(await next.store.get(key)), 'late');
  },

  async 'does not give back what another has'(open: Open) {
    const [late, next] = [open({ isSilent: true }), open()];
    const lost = (await late.leases.acquire(key))!;
    const lease = await takenBy(next.leases);
    await lost.release();
    assert.strictEqual(await open().leases.acquire(key), undefined);
    assert.strictEqual(await written(lease, 'next'), true);
  },

  async 'takes a lease again that the store has lost, and tells an owner who was replaced'(open: Open) {
    const [a, b, c] = [open(), open(), open()];
    await wakeKeeper(a.leases);
    const lease = (await a.leases.acquire(key))!;
    await loseLeases(b);
    await wait(expiresAfter * 1.5);
    assert.deepStrictEqual([await b.leases.acquire(key), lease.signal.aborted], [undefined, false]);
    assert.strictEqual(await written(lease, 'result'), true);
    assert.strictEqual(textOf(await b.store.get(key)), 'result');
    const replaced = (await a.leases.acquire(key))!;
    await loseLeases(c);
    assert.notStrictEqual(await c.leases.acquire(key), undefined);
    await wait(expiresAfter);
    assertLost(replaced);
  },

  async 'does not overwrite what was written while the store had lost the lease'(open: Open) {
    const [a, b] = [open(), open()];
    const lease = (await a.leases.acquire(key))!;
    await loseLeases(b);
    assert.strictEqual(await written((await b.leases.acquire(key))!, 'theirs'), true);
    await wait(expiresAfter);
    assert.strictEqual(await written(lease, 'ours'), false);
    assert.strictEqual(textOf(await b.store.get(key)), 'theirs');
  },

  async 'has leases for many keys at once'(open: Open) {
    const [a, b] = [open(), open()];
    const keys = Array.from({ length: 500 }, (_, i) => `Many/${i}` as TaskKey);
    const taken = await Promise.all(keys.map((each) => a.leases.acquire(each)));
    const refused = await Promise.all(keys.map((each) => b.leases.acquire(each)));
    assert.deepStrictEqual(
      [taken.filter((lease) => lease === undefined), refused.filter((lease) => lease !== undefined)],
      [[], []],
    );
    const free = Promise.all(keys.map((each) => b.leases.whenFree(each, forever())));
    await Promise.all(taken.map((lease, i) => (i % 2 === 0 ? lease!.release() : written(lease!, String(i)))));
    await free;
    assert.strictEqual(textOf(await b.store.get('Many/499')), '499');
  },

  async 'keeps leases of long and strange names apart'(open: Open) {
    const [a, b] = [open(), open()];
    for (const each of strangeKeys) assert.notStrictEqual(await a.leases.acquire(each), undefined);
    for (const each of strangeKeys) assert.strictEqual(await b.leases.acquire(each), undefined);
    await a.leases.close();
    for (const each of strangeKeys) assert.strictEqual(await written((await b.leases.acquire(each))!, each), true);
    const { store } = open();
    for (const each of strangeKeys) assert.strictEqual(textOf(await store.get(each)), each);
  },
};

const strangeKeys = [
  `${'L'.repeat(200)}/${'l'.repeat(190)}`,
  'Task/caf%C3%A9%20%2F%00',
  'Task/~-_.@%',
  'Task/.hidden',
  '-r/--help',
  'Task/__proto__',
  'Case/Name',
  'Case/name',
  'case/Name',
] as TaskKey[];

function written(lease: Lease, text: string, stale?: string, durable = false): Promise<boolean> {
  return lease.write({ bytes: bytes(text), durable, isStale: (there) => textOf(there) === stale });
}

function assertLost({ signal }: Lease): void {
  const { name, key: lost } = signal.reason;
  assert.deepStrictEqual([name, lost], ['LeaseLostError', key]);
}

/** As when somebody deletes files, or Redis starts without its data. */
async function loseLeases({ store, leases }: ReturnType<Open>): Promise<void> {
  await leases.clear();
  await store.delete(leaseKeyOf(key));
}

/** A thread that renews leases may take longer to start than one lasts: once it has given one back, it is there. */
async function wakeKeeper(leases: LeaseManager): Promise<void> {
  const lease = (await leases.acquire('Choose/first' as TaskKey))!;
  // Later than half the time until it is renewed: from then on, the thread is asked.
  await wait(expiresAfter / 4);
  await lease.release();
}

/** Waits for a lease, and takes it. */
async function takenBy(leases: LeaseManager): Promise<Lease> {
  for (;;) {
    const lease = await leases.acquire(key);
    if (lease) return lease;
    await leases.whenFree(key, forever());
  }
}

function textOf(value: unknown): string | undefined {
  return value === undefined ? undefined : Buffer.from(value as Uint8Array).toString();
}
