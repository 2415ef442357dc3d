import 'reflect-metadata';
import { crc32 } from 'node:zlib';
import {
  type CheckpointRecord,
  DamagedCheckpointError,
  Requires,
  RunFailedError,
  Runner,
  type RunnerOptions,
  Task,
  type TaskClass,
  task,
  UnreadableCheckpointError,
} from 'tidemark';
import { decodeEntry, encodeEntry } from '../../src/storage/format/entry-format';
import { noise } from '../support/noise';
import { ObservedStore } from '../support/observed-store';
import { outcomeOf } from '../support/outcome';

let runs = 0;
let store: ObservedStore;
const open = (options: RunnerOptions = {}) => new Runner({ storage: store, onWarning: () => {}, ...options });
beforeEach(() => {
  runs = 0;
  store = new ObservedStore();
});

@Task({ save: true })
class Small {
  run(): { small: string } {
    runs++;
    return { small: 'value' };
  }
}

@Task({ save: true })
class Large {
  run(): Uint8Array {
    runs++;
    return noise(50_000);
  }
}

@Task({ save: true })
class OtherLarge {
  run(): Uint8Array {
    return noise(50_000, 1);
  }
}

/** Saves a result, and gives the names of its record and of its bytes when those are beside it. */
async function saved(cls: TaskClass): Promise<{ key: string; beside: string; value: unknown }> {
  const value = await open().run(cls);
  const keys = [...store.entries.keys()]
    .filter((key) => key.startsWith(`${cls.name}/`))
    .sort((a, b) => a.length - b.length);
  runs = 0;
  return { key: keys[0]!, beside: keys[1]!, value };
}

/** The run reports what is wrong, sets it aside, computes it, and saves it again. */
async function expectRepaired(cls: TaskClass, key: string, value: unknown): Promise<void> {
  const broken = store.entries.get(key);
  const { result, error, summary, events } = await outcomeOf(open().start(cls));
  expect([error, result, runs, summary.saved]).toEqual([undefined, value, 1, 1]);
  expect(summary.storageErrors).toEqual([expect.any(DamagedCheckpointError)]);
  expect(events.filter(({ type }) => type === 'storage-failed')).toEqual([
    { type: 'storage-failed', node: expect.objectContaining({ key }), error: summary.storageErrors[0] },
  ]);
  expect(store.entries.get(`@damaged/${key}`)).toEqual(broken);
  const again = await outcomeOf(open().start(cls));
  expect([again.result, again.summary.loaded, runs]).toEqual([value, 1, 1]);
}

it('computes again whatever byte of a small checkpoint is changed', async () => {
  const { key, value } = await saved(Small);
  const good = store.entries.get(key)!;
  for (let at = 0; at < good.length; at++) {
    // Every bit of the beginning, where the format's number is; after that one bit of each byte.
    for (const flip of at < 12 ? [1, 2, 4, 8, 16, 32, 64, 128] : [1 << (at % 8)]) {
      store.entries.set(
        key,
        good.map((byte, i) => (i === at ? byte ^ flip : byte)),
      );
      const { result, summary } = await outcomeOf(open().start(Small));
      expect([at, flip, result, summary.ran, summary.saved, summary.storageErrors.length]).toEqual([
        at,
        flip,
        value,
        1,
        1,
        1,
      ]);
    }
  }
});

it('computes again wherever a small checkpoint is cut short, and when something follows it', async () => {
  const { key, value } = await saved(Small);
  const good = store.entries.get(key)!;
  for (let length = 0; length < good.length; length++) {
    store.entries.set(key, good.slice(0, length));
    const { result, summary } = await outcomeOf(open().start(Small));
    expect([length, result, summary.ran, summary.storageErrors.length]).toEqual([length, value, 1, 1]);
  }
  store.entries.set(key, Buffer.concat([good, Buffer.from('x')]));
  runs = 0;
  await expectRepaired(Small, key, value);
});

it('sets a damaged checkpoint aside, computes it and saves it again', async () => {
  const { key, value } = await saved(Small);
  store.entries.get(key)![20]! ^= 0x10;
  await expectRepaired(Small, key, value);
});

it.each<[string, (bytes: Uint8Array) => Uint8Array | undefined]>([
  ['changed', (bytes) => bytes.map((byte, i) => (i === 25_000 ? byte + 1 : byte))],
  ['cut short', (bytes) => bytes.slice(0, -1)],
  ['followed by something', (bytes) => Buffer.concat([bytes, Buffer.from('x')])],
  ['empty', () => new Uint8Array()],
  ['not there', () => undefined],
])('computes again when large bytes are %s', async (_, damage) => {
  const { key, beside, value } = await saved(Large);
  const bytes = damage(store.entries.get(beside)!);
  if (bytes) store.entries.set(beside, bytes);
  else store.entries.delete(beside);
  await expectRepaired(Large, key, value);
});

it("computes again when another key's entry or bytes are in the place of its own", async () => {
  const [small, large, other] = [await saved(Small), await saved(Large), await saved(OtherLarge)];
  store.entries.set(small.key, store.entries.get(large.key)!);
  await expectRepaired(Small, small.key, small.value);
  store.entries.set(large.beside, store.entries.get(other.beside)!);
  runs = 0;
  await expectRepaired(Large, large.key, large.value);
});

let seed = 1;

@Task({ save: true })
class Noisy {
  run(): Uint8Array {
    return noise(50_000, ++seed);
  }
}

it('takes the newer one when a checkpoint is replaced while it is read', async () => {
  const { key, beside } = await saved(Noisy);
  const old = store.entries.get(key)!;
  const later = await open().run(Noisy, {}, { force: true });
  const replaced = store.entries.get(key)!;
  store.entries.set(key, old);
  // Another process replaces the record, and then removes the bytes of the old one.
  store.before = (operation, name) => {
    if (operation === 'get' && name === beside) store.entries.set(key, replaced).delete(beside);
  };
  const { result, summary } = await outcomeOf(open().start(Noisy));
  expect([result, summary.loaded, summary.storageErrors]).toEqual([later, 1, []]);
});

it('keeps no bytes of results that it replaced', async () => {
  const { key } = await saved(Noisy);
  await open().run(Noisy, {}, { force: true });
  expect(store.ofResults.sort()).toEqual([key, expect.stringMatching(/^Noisy\/\w+\.\w{32}$/)]);
});

@Task()
class Needs {
  @Requires(Small) small!: { small: string };
  run(): string {
    return this.small.small;
  }
}

/** An entry of a later format, which is whole. */
function newer(): Uint8Array {
  const rest = 'what a later release keeps';
  return Buffer.from(`tidemark3 ${crc32(rest, crc32('tidemark3 ')).toString(16).padStart(8, '0')} ${rest}\n`);
}

function changed(entry: Uint8Array, change: Partial<CheckpointRecord>): Uint8Array {
  const key = Buffer.from(entry).toString('latin1').split(' ')[3]!;
  const read = decodeEntry(entry, key);
  if (read.state !== 'whole') throw new Error(read.problem);
  return encodeEntry({ ...read.entry.toRecord(), ...change }, read.entry.bytes);
}

const unreadable: [string, (good: Uint8Array) => Uint8Array, RegExp][] = [
  ['of a newer format', newer, /format 3 is newer.*update Tidemark/],
  ['by an unknown encoder', (good) => changed(good, { serializer: 'mine' }), /mine/],
  [
    'in a way that cannot be decoded here',
    (good) => changed(good, { format: 'v8' }),
    /whole, but decoding them as cbor \(v8\) failed/,
  ],
  ['in an unknown way', (good) => changed(good, { format: 'cbor9' }), /cbor9/],
];

it.each(unreadable)(
  'fails, says what is needed, and touches nothing when a checkpoint was saved %s',
  async (_, make, message) => {
    const { key } = await saved(Small);
    const entry = make(store.entries.get(key)!);
    store.entries.set(key, entry);
    const { error, summary, events } = await outcomeOf(open().start(Needs));
    expect(error).toBeInstanceOf(RunFailedError);
    expect([error.message, error.errors, error.cause]).toEqual([
      expect.stringMatching(message),
      [],
      expect.any(UnreadableCheckpointError),
    ]);
    expect([summary.storageErrors, events.filter(({ type }) => type === 'storage-failed').length]).toEqual([
      [error.cause],
      1,
    ]);
    expect([store.kept, runs]).toEqual([[[key, entry]], 0]);
  },
);

it.each(unreadable)(
  'warns, computes and overwrites nothing when it is told to compute: saved %s',
  async (_, make, message) => {
    const { key } = await saved(Small);
    const entry = make(store.entries.get(key)!);
    store.entries.set(key, entry);
    const warnings: string[] = [];
    const { result, summary } = await outcomeOf(
      open({ onStorageError: 'compute', onWarning: (text) => void warnings.push(text) }).start(Needs),
    );
    expect([result, runs, summary.saved]).toEqual(['value', 1, 0]);
    expect([summary.storageErrors, warnings]).toEqual([
      [expect.any(UnreadableCheckpointError)],
      [expect.stringMatching(message)],
    ]);
    expect(summary.warnings).toEqual(warnings);
    expect(store.kept).toEqual([[key, entry]]);
  },
);

@Task()
class Deepest {
  run(): { depth: number } {
    return { depth: 1 };
  }
}

@Task()
class Between {
  @Requires(Deepest) deepest!: { depth: number };
  run(): { depth: number } {
    return { depth: this.deepest.depth + 1 };
  }
}

@Task({ save: true })
class Kept {
  @Requires(Between) between!: { depth: number };
  run(): number[] {
    return [this.between.depth, ...noise(50_000)];
  }
}

@Task()
class Passing {
  @Requires(Between) between!: { depth: number };
  run(): number {
    return this.between.depth;
  }
}

it('computes again all that was let go of when bytes turn out to be damaged late', async () => {
  const { key } = await saved(Kept);
  store.entries.get(key)![store.entries.get(key)!.length - 1]! ^= 1;
  const { result, error, summary } = await outcomeOf(open().start([Passing, Kept]));
  expect([error, result?.[0], result?.[1][0], summary.storageErrors.length]).toEqual([undefined, 2, 2, 1]);
});

it('gives what it gave others unchanged to a task that runs after all', async () => {
  @Task()
  class Shared {
    run(): { values: number[] } {
      return { values: [1] };
    }
  }
  @Task()
  class Changes {
    @Requires(() => task(Shared)) shared!: { values: number[] };
    async run(): Promise<void> {
      this.shared.values.push(2);
    }
  }
  @Task({ save: true })
  class Reads {
    @Requires(() => task(Shared)) shared!: { values: number[] };
    run(): number {
      return this.shared.values.length;
    }
  }
  await open().run(Reads);
  const { error } = await outcomeOf(open().start([Changes, Reads]));
  expect(error?.message).toMatch(/not extensible/);
});
