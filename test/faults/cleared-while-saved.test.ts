import 'reflect-metadata';
import { Runner, Task } from 'tidemark';
import { quarantine } from '../../src/storage/maintain-store';
import { noise } from '../support/noise';
import { ObservedStore } from '../support/observed-store';
import { outcomeOf } from '../support/outcome';
import { Signal } from '../support/signal';

@Task({ save: true })
class Large {
  run(): Uint8Array {
    return noise(50_000);
  }
}

let store: ObservedStore;
const runner = () => new Runner({ storage: store });
beforeEach(() => void (store = new ObservedStore()));

const damaged = () => [...store.entries.keys()].filter((name) => name.startsWith('@damaged/'));

/** Stops the next operation of a kind on a key that a test accepts, until it is told to go on. */
function stopAt(operation: 'get' | 'set' | 'delete', isMeant: (key: string) => boolean) {
  const [stopped, goOn] = [new Signal(), new Signal()];
  store.before = (what, key) => {
    if (what !== operation || !isMeant(key)) return undefined;
    store.before = () => undefined;
    stopped.fire();
    return goOn.promise;
  };
  return { stopped: stopped.promise, goOn: () => goOn.fire() };
}

async function expectLoaded(): Promise<void> {
  const { result, summary } = await outcomeOf(runner().start(Large));
  expect([result, summary.loaded, summary.warnings, summary.storageErrors]).toEqual([noise(50_000), 1, [], []]);
  expect(damaged()).toEqual([]);
}

it.each([
  ['the record', (key: string) => key.startsWith('Large/') && !key.includes('.')],
  ['the bytes', (key: string) => key.startsWith('Large/') && key.includes('.')],
])('keeps a large result that is saved while a clear is about to delete %s of the same', async (_, isMeant) => {
  await runner().run(Large);
  const clear = stopAt('delete', isMeant);
  const clearing = runner().clear(Large, {});
  await clear.stopped;
  await runner().run(Large);
  clear.goOn();
  await clearing;
  // The record may be gone, and then is computed anew; what is there is whole.
  await runner().run(Large);
  await expectLoaded();
});

it('keeps a large result whose record is written after a clear of the same key', async () => {
  await runner().run(Large);
  const save = stopAt('set', (key) => key.startsWith('Large/') && !key.includes('.'));
  const saving = runner().run(Large, {}, { force: true });
  await save.stopped;
  await runner().clear(Large, {});
  save.goOn();
  await saving;
  await runner().run(Large);
  await expectLoaded();
});

it.each([
  ['cleared', () => runner().clear(Large, {})],
  ['deleted', async () => runner().storage.delete(await runner().key(Large))],
])('computes a result that is %s while it is loaded, and calls nothing damaged', async (_, remove) => {
  await runner().run(Large);
  const load = stopAt('get', (key) => key.startsWith('Large/') && key.includes('.'));
  const loading = outcomeOf(runner().start(Large));
  await load.stopped;
  await remove();
  load.goOn();
  const { result, error, summary, events } = await loading;
  expect([error, result, summary.ran, summary.warnings, summary.storageErrors]).toEqual([
    undefined,
    noise(50_000),
    1,
    [],
    [],
  ]);
  expect([damaged(), events.filter(({ type }) => type === 'storage-failed')]).toEqual([[], []]);
});

it('sets nothing aside that is deleted meanwhile', async () => {
  await runner().run(Large);
  const key = await runner().key(Large);
  const [written] = runner().storage.stack.writes;
  let reads = 0;
  store.before = (operation, name) => {
    if (operation === 'get' && name === key && ++reads === 2) store.entries.clear();
  };
  expect(await quarantine(written!, key)).toBe(false);
  expect([...store.entries]).toEqual([]);
});
