import 'reflect-metadata';
import { DamagedCheckpointError, Runner, Storage, Task } from 'tidemark';
import { noise } from '../support/noise';
import { ObservedStore } from '../support/observed-store';
import { outcomeOf } from '../support/outcome';
import { saveAs } from './support/forms';

const key = `Example/${'0'.repeat(32)}`;

/** A store in which another process deletes a result at the moment when its bytes are asked for. */
function deletesWhenRead(): ObservedStore {
  const store = new ObservedStore();
  store.before = (operation, name) => {
    if (operation === 'get' && name.includes('.')) store.entries.clear();
  };
  return store;
}

it('gives nothing when a result is deleted while it is read', async () => {
  const storage = Storage.open(deletesWhenRead());
  const taskKey = await saveAs(storage, key, noise(50_000));
  expect(await storage.get(taskKey)).toBeUndefined();
});

it('gives the result of a later layer when the first one loses it meanwhile', async () => {
  const storage = Storage.chain(Storage.open(deletesWhenRead()), Storage.open('memory:'), { write: 'all' });
  const taskKey = await saveAs(storage, key, noise(50_000));
  expect(await storage.get(taskKey)).toEqual(noise(50_000));
});

@Task({ save: true })
class Twelve {
  run(): number {
    return 12;
  }
}

it('does not set aside a result with which another process has replaced a damaged one', async () => {
  const store = new ObservedStore();
  const runner = new Runner({ storage: store });
  await runner.run(Twelve);
  const [[name, good]] = store.kept as [[string, Uint8Array]];
  store.entries.set(name, good.subarray(1));
  // The other process has found it damaged too, and was faster.
  let reads = 0;
  store.before = (operation, asked) => {
    if (operation === 'get' && asked === name && ++reads === 2) store.entries.set(name, good);
  };
  const { result, summary } = await outcomeOf(runner.start(Twelve));
  expect([result, summary.storageErrors]).toEqual([12, [expect.any(DamagedCheckpointError)]]);
  expect(store.ofResults).toEqual([name]);
});
