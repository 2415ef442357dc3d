import 'reflect-metadata';
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  aesGcm,
  brotli,
  DamagedCheckpointError,
  encoder,
  gzip,
  Param,
  Requires,
  Runner,
  Storage,
  type StorageOptions,
  Task,
  TaskDirectory,
  type TaskKey,
  task,
  UnencryptedCheckpointError,
  zstd,
} from 'tidemark';
import { hasZstd } from '../../src/encoding/compression/zstd';
import { resultDigest } from '../../src/storage/result-codec';
import { collect } from '../support/collect';
import { outcomeOf } from '../support/outcome';
import { temporaryFolder } from '../support/temporary-folder';
import { forged, type Word, words } from './support/forge';
import { saveAs } from './support/forms';

const folder = temporaryFolder();
const key = Buffer.alloc(32, 1);
const secret = { encoder: encoder({ encrypter: aesGcm({ key }), compressor: null }) };
/** What was written for another library: it knows nothing of places, and has a key of its own. */
const custom = {
  encoder: encoder({
    encrypter: {
      id: 'xor-with-tag',
      encrypt: (bytes: Uint8Array) => Buffer.concat([Buffer.from(bytes.map((byte) => byte ^ 7)), tagOf(bytes)]),
      decrypt: (bytes: Uint8Array) => {
        const plain = Uint8Array.from(bytes.subarray(0, -8), (byte) => byte ^ 7);
        if (!tagOf(plain).equals(bytes.subarray(-8))) throw new Error('wrong tag');
        return plain;
      },
    },
  }),
};
const tagOf = (bytes: Uint8Array) =>
  Buffer.from(resultDigest(Buffer.concat([Buffer.from('k'), bytes]), '').slice(0, 8));

let ran = 0;
@Task({ save: true })
class Amount {
  @Param() n!: number;
  run(): number {
    ran++;
    return this.n;
  }
}

@Task({ save: true })
class Twice {
  @Param() n!: number;
  @Requires(Amount) amount!: number;
  run(): number {
    return this.amount * 2;
  }
}

const map = new Map<string, Uint8Array>();
beforeEach(() => {
  map.clear();
  ran = 0;
});
const runnerOf = (options: StorageOptions, warnings: string[] = []) =>
  new Runner({ storage: Storage.open(map, options), onWarning: (text) => void warnings.push(text) });

/** What a forger writes for each word: another value of the right form. */
const others: Readonly<Record<Word, string>> = {
  seal: 'AAAA',
  key: 'Twice/00000000000000000000000000000000',
  digest: '0'.repeat(64),
  size: '31',
  plainSize: '9',
  beside: '0'.repeat(32),
  source: '0123456789abcdef',
  serializer: 'v8',
  format: 'v8',
  compressor: 'gzip',
  encrypter: '-',
  keyId: '0011223344556677',
  marks: '0123456789abcdef.0',
  dynamic: 'Amount/00000000000000000000000000000000=-',
  requires: '-',
};

describe.each([
  ['aesGcm', secret],
  ['an encrypter of the user', custom],
])('in a storage that encrypts with %s', (_, options) => {
  it.each(words)('a record of which somebody changed the word %s gives nothing', async (word) => {
    const runner = runnerOf(options);
    await runner.run(Twice, { n: 5 });
    const name = await runner.key(Twice, { n: 5 });
    map.set(name, forged(map.get(name)!, { [word]: others[word] }));
    // Names of keys and encrypters that are not here end the run, all else is computed again.
    const outcome = await outcomeOf(runnerOf(options).start(Twice, { n: 5 }));
    if (outcome.error)
      expect(outcome.error.message).toMatch(/cannot be read here: (it is encrypted|xor-with-tag cannot decrypt it)/);
    else expect([outcome.result, outcome.summary.storageErrors.length]).toEqual([10, 1]);
    expect(outcome.error !== undefined).toBe(word === 'keyId' || (word === 'seal' && options === custom));
  });

  it.each<[string, (json: string) => string]>([
    ['version', (json) => json.replace('{', '{"version":9,')],
    ['task', (json) => json.replace('"Twice"', '"Amount"')],
    ['time', (json) => json.replace(/"savedAt":\d+/, '"savedAt":0')],
    ['directories', (json) => json.replace(/\}$/, ',"directories":["Twice/a.d/0123abcd-1-1-0123456789ab-0"]}')],
    ['anything else', (json) => json.replace('{', '{"epoch":7,')],
  ])('a record of which somebody changed the %s counts no more, and is not listed', async (_name, json) => {
    const runner = runnerOf(options);
    await runner.run(Twice, { n: 5 });
    const name = await runner.key(Twice, { n: 5 });
    map.set(name, forged(map.get(name)!, {}, json));
    const storage = Storage.open(map, options);
    await expect(storage.get(name)).rejects.toThrow(DamagedCheckpointError);
    expect((await collect(storage.list())).map(({ task: of }) => of)).toEqual(['Amount']);
    expect(await runnerOf(options).run(Twice, { n: 5 })).toBe(10);
  });

  it('a cleared result does not come back when its record gets the clear mark', async () => {
    const runner = runnerOf(options);
    await runner.run(Twice, { n: 5 });
    const name = await runner.key(Twice, { n: 5 });
    const before = map.get(name)!;
    await runner.clear(Amount, { n: 5 });
    await runner.run(Twice, { n: 5 });
    const marks = Buffer.from(map.get(name)!).toString('latin1').split(' ')[2 + words.indexOf('marks')]!;
    map.set(name, forged(before, { marks }));
    const { summary } = await outcomeOf(runnerOf(options).start(Twice, { n: 5 }));
    expect([summary.ran, summary.storageErrors.length]).toEqual([1, 1]);
  });

  it('results that were swapped between keys are detected', async () => {
    const runner = runnerOf(options);
    await runner.run([task(Amount, { n: 1 }), task(Amount, { n: 2 })]);
    const [one, two] = [await runner.key(Amount, { n: 1 }), await runner.key(Amount, { n: 2 })];
    const [first, second] = [map.get(one)!, map.get(two)!];
    map.set(one, forged(second, { key: one })).set(two, forged(first, { key: two }));
    expect(await runnerOf(options).run([task(Amount, { n: 1 }), task(Amount, { n: 2 })])).toEqual([1, 2]);
    expect(ran).toBe(4);
  });

  it('an unencrypted result does not count, and causes a warning; with allow-plain it counts', async () => {
    await runnerOf({}).run(Amount, { n: 5 });
    const name = await runnerOf({}).key(Amount, { n: 5 });
    await expect(Storage.open(map, options).get(name)).rejects.toThrow(UnencryptedCheckpointError);
    const allowed = await outcomeOf(runnerOf({ ...options, encryption: 'allow-plain' }).start(Amount, { n: 5 }));
    expect([allowed.summary.loaded, allowed.summary.storageErrors]).toEqual([1, []]);
    await runnerOf(options).plan(Amount, { n: 5 });
    const warnings: string[] = [];
    const { result, summary } = await outcomeOf(runnerOf(options, warnings).start(Amount, { n: 5 }));
    expect([result, summary.ran, summary.storageErrors]).toEqual([5, 1, [expect.any(UnencryptedCheckpointError)]]);
    expect(warnings).toEqual([expect.stringMatching(/is not encrypted.*encryption: 'allow-plain'/)]);
    expect((await outcomeOf(runnerOf(options).start(Amount, { n: 5 }))).summary).toMatchObject({
      loaded: 1,
      storageErrors: [],
    });
  });
});

@Task({ save: true, once: 'everywhere' })
class Once extends Amount {}

it('replaces a result that does not count with a lease, too', async () => {
  const runnerWith = (options: StorageOptions) =>
    new Runner({ storage: Storage.open(`file:${folder.path}/leased`, options), onWarning: () => {} });
  await runnerWith({}).run(Once, { n: 5 });
  const { summary } = await outcomeOf(runnerWith(secret).start(Once, { n: 5 }));
  expect([summary.ran, summary.saved]).toEqual([1, 1]);
  expect((await outcomeOf(runnerWith(secret).start(Once, { n: 5 }))).summary.loaded).toBe(1);
});

it('ignores a record of an older format, and overwrites it', async () => {
  const runner = runnerOf({});
  const name = await runner.key(Amount, { n: 5 });
  const old = forged(Buffer.from('tidemark1 00000000 what an earlier release wrote\n'), {});
  map.set(name, Buffer.from(Buffer.from(old).toString('latin1').split('\n')[0]!.concat('\n'), 'latin1'));
  const { result, summary } = await outcomeOf(runner.start(Amount, { n: 5 }));
  expect([result, summary.ran, summary.saved, summary.storageErrors]).toEqual([5, 1, 1, []]);
  expect((await outcomeOf(runnerOf({}).start(Amount, { n: 5 }))).summary.loaded).toBe(1);
});

const bad = ['constructor', '__proto__', '../../x', 'a b', '', '/etc/passwd', 'toString', '(a+)+$'];
it.each(bad)('accepts only words of a known form in a record: %j', async (text) => {
  const runner = runnerOf({});
  await runner.run(Twice, { n: 5 });
  const name = await runner.key(Twice, { n: 5 });
  const good = map.get(name)!;
  for (const word of words) {
    map.set(name, forged(good, { [word]: text }));
    const { result, error } = await outcomeOf(runnerOf({}).start(Twice, { n: 5 }));
    // A part of an encoder that is not here may be in another process.
    if (error)
      expect([word, error.message]).toEqual([
        expect.stringMatching(/er$|or$|format/),
        expect.stringMatching(/cannot be read here/),
      ]);
    else expect(result).toBe(10);
    expect(await collect(Storage.open(map).list())).toBeDefined();
    await Storage.open(map).delete(name);
  }
});

@Task({ save: true })
class Folder {
  @Requires(TaskDirectory) directory!: TaskDirectory;
  run(): TaskDirectory {
    writeFileSync(this.directory.file('a.txt'), 'a');
    return this.directory;
  }
}

describe('a directory in a forged result', () => {
  const open = () => new Runner({ storage: `file:${folder.path}/store`, onWarning: () => {} });
  const { cbor } =
    require('../../src/encoding/serialization/serializers') as typeof import('../../src/encoding/serialization/serializers');

  it.each<[string, TaskDirectory]>([
    ['a path', new TaskDirectory('/etc')],
    ['a path and a name', new (TaskDirectory as any)('/etc', 'Folder/x.d/0123abcd-1-1-0123456789ab-0')],
  ])('is never outside of the storage: %s', async (_, directory) => {
    const first = await open().run(Folder);
    const name = await open().key(Folder);
    const file = join(folder.path, 'store', name);
    const { readFileSync } = require('node:fs') as typeof import('node:fs');
    const { bytes, format } = cbor.serialize(directory) as { bytes: Uint8Array; format: string };
    for (const json of [(text: string) => text, (text: string) => text.replace(/,"directories":\[.*\]/, '')]) {
      const size = String(bytes.byteLength);
      const change = { digest: resultDigest(bytes, format), size, plainSize: size, format };
      writeFileSync(file, forged(readFileSync(file), change, json, bytes));
      const again = await open().run(Folder);
      expect([again.path.startsWith(join(folder.path, 'store')), existsSync(again.file('a.txt'))]).toEqual([
        true,
        true,
      ]);
    }
    expect(first.path.startsWith(join(folder.path, 'store'))).toBe(true);
  });

  it.each(['of the key', 'itself', 'of the task'])('is not followed through a link: the folder %s', async (which) => {
    const { path } = await open().run(Folder);
    const outside = join(folder.path, 'outside');
    const parts = path.split('/');
    const linked = which === 'itself' ? path : parts.slice(0, which === 'of the key' ? -1 : -2).join('/');
    mkdirSync(folder.path, { recursive: true });
    renameSync(linked, outside);
    symlinkSync(outside, linked);
    const { result, summary, error } = await outcomeOf(open().start(Folder));
    if (error) expect(error.message).toMatch(/symbolic link/);
    else expect([summary.ran, result.path.startsWith(outside)]).toEqual([1, false]);
    expect(existsSync(join(outside, path.slice(linked.length), 'a.txt'))).toBe(true);
    rmSync(join(folder.path), { recursive: true });
  });
});

describe('a compressed result', () => {
  const text = Buffer.alloc(100_000, 'tidemark');
  @Task({ save: true })
  class Text {
    run(): Buffer {
      return text;
    }
  }

  it('is saved uncompressed when it is larger than maxResultSize', async () => {
    await runnerOf({ maxResultSize: 50_000 }).run(Text);
    const [record] = await collect(Storage.open(map).list());
    expect([record!.compressor, record!.size]).toEqual([undefined, text.byteLength]);
    expect((await outcomeOf(runnerOf({ maxResultSize: 50_000 }).start(Text))).summary.loaded).toBe(1);
  });

  it('is not decompressed past maxResultSize, whatever its record states', async () => {
    await runnerOf({}).run(Text);
    const name = await runnerOf({}).key(Text);
    const { error } = await outcomeOf(runnerOf({ maxResultSize: 50_000 }).start(Text));
    expect(error.message).toMatch(/to be decompressed to 100000, and a Map takes 50000 at most.*maxResultSize/);
    map.set(name, forged(map.get(name)!, { plainSize: '5000000000' }));
    await expect(Storage.open(map).get(name)).rejects.toThrow('decompressed to 5000000000');
  });

  it('never fills more memory than its record states', async () => {
    const large = Buffer.alloc(64_000_000, 'tidemark, ');
    const codecs = [gzip(), brotli(), ...(hasZstd() ? [zstd()] : [])];
    for (const compressor of codecs) {
      const storage = Storage.open(map, { encoder: encoder({ compressor }) });
      const name = 'Large/0' as TaskKey;
      await saveAs(storage, name, large);
      map.set(name, forged(map.get(name)!, { plainSize: '300000' }));
      const before = process.memoryUsage().arrayBuffers;
      let most = 0;
      const timer = setInterval(() => {
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      }, 1);
      await expect(storage.get(name)).rejects.toThrow(DamagedCheckpointError);
      clearInterval(timer);
      expect(most).toBeLessThan(8e6);
    }
  });

  it.each(['9', '50000', '99999', '100001', '1073741824'])('is not taken for one of %s bytes', async (plainSize) => {
    await runnerOf({}).run(Text);
    const name = (await runnerOf({}).key(Text)) as TaskKey;
    map.set(name, forged(map.get(name)!, { plainSize }));
    const before = process.memoryUsage().rss;
    await expect(Storage.open(map).get(name)).rejects.toThrow(DamagedCheckpointError);
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
  });
});
