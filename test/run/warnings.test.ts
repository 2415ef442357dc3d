import 'reflect-metadata';
import { setTimeout as wait } from 'node:timers/promises';
import { Param, Runner, type RunnerOptions, Task, task } from 'tidemark';
import { ObservedStore } from '../support/observed-store';
import { outcomeOf } from '../support/outcome';

let store: ObservedStore;
let emitted: jest.SpyInstance;
beforeEach(() => {
  store = new ObservedStore();
  emitted = jest.spyOn(process, 'emitWarning').mockReturnValue(undefined);
});
afterEach(() => emitted.mockRestore());
const open = (options: RunnerOptions = {}) => new Runner({ storage: store, ...options });

@Task({ save: true })
class Dear {
  @Param() n = 1;
  run(): number {
    return this.n;
  }
}

@Task()
class Hooked {
  restore(): never {
    throw new Error('hook');
  }
  checkpoint(): never {
    throw new Error('hook');
  }
  run(): number {
    return 1;
  }
}

/** Damages all that is saved. */
function damage(): void {
  for (const key of store.entries.keys()) if (!key.startsWith('@')) store.entries.set(key, Buffer.from('broken'));
}

it('tells of a damaged checkpoint that was computed again', async () => {
  await open().run(Dear);
  damage();
  const warnings: string[] = [];
  const { result, summary, events } = await outcomeOf(
    open({ onWarning: (text) => void warnings.push(text) }).start(Dear),
  );
  expect([result, summary.ran, warnings]).toEqual([
    1,
    1,
    [expect.stringMatching(/^the checkpoint Dear\/\w+ is damaged: .*\. It was set aside \(@damaged\/Dear\/\w+\)/)],
  ]);
  expect(summary.warnings).toEqual(warnings);
  expect(events).toContainEqual({
    type: 'warning',
    message: warnings[0],
    node: expect.objectContaining({ task: 'Dear' }),
  });
});

it('tells of it as a process warning unless told otherwise', async () => {
  await open().run(Dear);
  damage();
  expect(await open().run(Dear)).toBe(1);
  expect(emitted.mock.calls).toEqual([
    [expect.stringMatching(/^the checkpoint .* is damaged/), { type: 'TidemarkWarning' }],
  ]);
});

it('tells of a storage that is damaged all over a few times', async () => {
  const all = Array.from({ length: 40 }, (_, n) => task(Dear, { n }));
  await open().run(all);
  damage();
  const warnings: string[] = [];
  const { summary } = await outcomeOf(open({ onWarning: (text) => void warnings.push(text) }).start(all));
  expect([summary.ran, summary.storageErrors.length, warnings.length]).toEqual([40, 40, 11]);
  expect(warnings.at(-1)).toMatch(/^more checkpoints are damaged/);
});

it('tells of a damaged checkpoint that cannot be set aside', async () => {
  await open().run(Dear);
  damage();
  store.before = (operation, key) => {
    if (operation === 'set' && key.startsWith('@damaged')) throw new Error('no room');
  };
  const warnings: string[] = [];
  expect(await open({ onWarning: (text) => void warnings.push(text) }).run(Dear)).toBe(1);
  expect(warnings).toEqual([expect.stringMatching(/is damaged: .*could not be set aside: .*no room/s)]);
});

it("tells of a storage that fails, with its causes ('compute')", async () => {
  store.before = () => {
    throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 10.0.0.1:80') });
  };
  const warnings: string[] = [];
  const runner = open({ onStorageError: 'compute', onWarning: (text) => void warnings.push(text) });
  expect(await runner.run(Dear)).toBe(1);
  expect(warnings).toEqual([expect.stringContaining('ECONNREFUSED')]);
});

it.each<[string, () => unknown]>([
  [
    'throws',
    () => {
      throw new Error('logger is broken');
    },
  ],
  ['rejects', () => Promise.reject(new Error('logger is broken'))],
])('an onWarning that %s fails no run, and loses no warning', async (_, onWarning) => {
  const { result, summary } = await outcomeOf(open({ onWarning: onWarning as () => void }).start(Hooked));
  expect([result, summary.warnings.length]).toEqual([1, 2]);
  await wait(5);
  expect(emitted.mock.calls.map(([message]) => message)).toEqual([
    expect.stringMatching(/^onWarning failed: logger is broken/),
    'restore() of Hooked failed: hook',
    'checkpoint() of Hooked failed: hook',
  ]);
});
