import 'reflect-metadata';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  aesGcm,
  type CheckpointRecord,
  encoder,
  gzip,
  json,
  Param,
  Requires,
  Runner,
  Storage,
  Task,
  UnreadableCheckpointError,
} from 'tidemark';
import { type SecretKeySource } from 'tidemark/extend';
import { quarantine } from '../../src/storage/maintain-store';
import { collect } from '../support/collect';
import { noise } from '../support/noise';
import { outcomeOf } from '../support/outcome';
import { describeWithRedis } from '../support/redis-server';
import { temporaryFolder } from '../support/temporary-folder';

const folder = temporaryFolder();
const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const withKeys = (...keys: SecretKeySource[]) => encoder({ encrypter: aesGcm({ keys }) });

@Task({ save: true })
class Diagnosis {
  @Param() patient!: string;
  run(): { diagnosis: string } {
    return { diagnosis: 'a cold in the nose' };
  }
}

@Task({ save: true, encoder: encoder({ serializer: json, compressor: gzip() }) })
class Letter {
  @Param() patient!: string;
  @Requires(Diagnosis) diagnosis!: { diagnosis: string };
  run(): { text: string; rest: string } {
    return { text: `dear doctor, ${this.patient} has ${this.diagnosis.diagnosis}`, rest: 'and so on. '.repeat(500) };
  }
}

@Task({ save: true })
class Scan {
  @Param() patient!: string;
  @Requires(Letter) letter!: { text: string };
  run(): { title: string; pixels: Uint8Array } {
    return { title: 'the nose from the left', pixels: noise(60_000) };
  }
}

const patient = 'Ada Lovelace of London';

/** Saves, one result damaged, one cleared and saved again. Gives the digests, as a record tells those who have the key. */
async function saveAll(storage: Storage): Promise<string[]> {
  const runner = new Runner({ storage, onWarning: () => {} });
  await runner.run(Scan, { patient });
  await quarantine(storage.stack.writes[0]!, await runner.key(Letter, { patient }));
  await runner.clear(Diagnosis, { patient });
  await runner.run(Scan, { patient });
  const records = await collect(storage.list());
  expect(records.map(({ task, params }) => [task, params]).sort()).toEqual(
    ['Diagnosis', 'Letter', 'Scan'].map((task) => [task, { patient }]),
  );
  return records.map(({ digest }) => digest);
}

/** Which of the secrets stand in bytes: as text, in base64, as digests in hexadecimal or plain. */
function secretsIn(bytes: Buffer, digests: readonly string[]): string[] {
  const texts = [
    patient,
    'Lovelace',
    'a cold in the nose',
    'dear doctor',
    'and so on. and',
    'from the left',
    'diagnosis"',
  ];
  const needles: (readonly [string, string | Buffer])[] = [
    ...texts.flatMap((text) => [
      [text, text] as const,
      ...[0, 1, 2].map((at) => [`base64 of ${text}`, base64Of(text, at)] as const),
    ]),
    ['bytes', Buffer.from(noise(60_000).subarray(30_000, 30_032))],
    ...digests.flatMap((digest) => [
      ['a digest', digest.slice(0, 32)] as const,
      ['a digest', Buffer.from(digest, 'hex').subarray(0, 16)] as const,
    ]),
  ];
  return [...new Set(needles.filter(([, needle]) => bytes.includes(needle)).map(([name]) => name))];
}

/** The part of the base64 that does not depend on what is before and behind, when so many bytes are before. */
function base64Of(text: string, before: number): string {
  const encoded = Buffer.from('x'.repeat(before) + text).toString('base64');
  return encoded.slice(before === 0 ? 0 : 4, Math.floor((before + text.length) / 3) * 4);
}

function bytesIn(path: string): Buffer {
  const files = readdirSync(path, { recursive: true }).map((name) => join(path, String(name)));
  return Buffer.concat(
    files.flatMap((file) => [Buffer.from(`${file}\n`), statSync(file).isFile() ? readFileSync(file) : Buffer.of()]),
  );
}

describe.each(['file', 'lmdb'])('in %s:', (scheme) => {
  it('nothing of results, params and digests can be read without the key', async () => {
    const uri = `${scheme}:${folder.path}/store`;
    const storage = Storage.open(uri, { encoder: withKeys(first) });
    const digests = await saveAll(storage);
    await storage.close();
    expect(secretsIn(bytesIn(folder.path), digests)).toEqual([]);
  });

  it('finds the same texts when nothing is encrypted', async () => {
    const storage = Storage.open(`${scheme}:${folder.path}/store`);
    const digests = await saveAll(storage);
    await storage.close();
    expect(secretsIn(bytesIn(folder.path), digests)).toEqual(
      expect.arrayContaining([patient, 'a cold in the nose', 'from the left', 'bytes', 'a digest']),
    );
  });
});

describeWithRedis(
  'with a redis-server',
  (server) => {
    it('nothing of results, params and digests can be read from Redis without the key', async () => {
      const dump = async (options: object) => {
        await server.cli('flushall');
        const storage = Storage.open(server.uri(), options);
        const digests = await saveAll(storage);
        await storage.close();
        await server.cli('save');
        const [, path] = (await server.cli('config', 'get', 'dir')).split('\n');
        return secretsIn(readFileSync(join(path!, 'dump.rdb')), digests);
      };
      expect(await dump({ encoder: withKeys(first) })).toEqual([]);
      expect(await dump({})).toEqual(expect.arrayContaining([patient, 'bytes', 'a digest']));
    });
  },
  { args: ['--rdbcompression', 'no'] },
);

const map = new Map<string, Uint8Array>();
beforeEach(() => map.clear());
const runIn = (storage: Storage) => outcomeOf(new Runner({ storage, onWarning: () => {} }).start(Letter, { patient }));
const open = (...keys: SecretKeySource[]) => Storage.open(map, keys.length > 0 ? { encoder: withKeys(...keys) } : {});

it.each<[string, SecretKeySource[], RegExp]>([
  ['another key', [second], /encrypted \(aes-256-gcm, key \w{16}\), and that key is not among those given/],
  ['another passphrase', ['quite another passphrase'], /that key is not among those given/],
  ['the same passphrase with another salt', [{ passphrase: 'a passphrase to save with', salt: 'x' }], /not among/],
  ['no key', [], /no key was given; open the storage with an encoder that has it/],
])('reads nothing and touches nothing with %s', async (_, keys, message) => {
  await runIn(open('a passphrase to save with'));
  const before = new Map(map);
  const { error, summary } = await runIn(open(...keys));
  expect([error.message, summary.ran]).toEqual([expect.stringMatching(message), 0]);
  expect(error.cause).toBeInstanceOf(UnreadableCheckpointError);
  for (const record of await collect(open(...keys).list()))
    expect(record).toMatchObject({
      params: { $encrypted: true },
      digest: '',
      requires: [],
    } as Partial<CheckpointRecord>);
  expect(map).toEqual(before);
  expect((await runIn(open('a passphrase to save with'))).summary).toMatchObject({ loaded: 1, ran: 0 });
});

it('reads with all keys and saves with the first', async () => {
  await runIn(open(first));
  const both = open(second, first);
  expect((await runIn(both)).summary.loaded).toBe(1);
  await new Runner({ storage: both }).run(Diagnosis, { patient: 'Charles' });
  expect((await runIn(both)).summary.loaded).toBe(1);
  const [before, after] = [aesGcm({ key: first }).keyId, aesGcm({ key: second }).keyId];
  const ids = (await collect(both.list())).map(({ params, keyId }) => [params['patient'], keyId]);
  expect(ids).toEqual(
    expect.arrayContaining([
      [patient, before],
      ['Charles', after],
    ]),
  );
  const fresh = new Runner({ storage: open(second) });
  expect(await fresh.run(Diagnosis, { patient: 'Charles' })).toEqual({ diagnosis: 'a cold in the nose' });
  await expect(fresh.run(Diagnosis, { patient })).rejects.toThrow('not among those given');
});

const holds = (entries: ReadonlyMap<string, Uint8Array>, text: string) =>
  [...entries.values()].some((bytes) => Buffer.from(bytes).includes(text));

it('encrypts only in the far layer of a chain, if only that layer encrypts', async () => {
  const [near, far] = [new Map<string, Uint8Array>(), new Map<string, Uint8Array>()];
  const chain = (key: SecretKeySource) =>
    Storage.chain(Storage.open(near), Storage.open(far, { encoder: withKeys(key) }), { write: 'all', promote: true });
  await runIn(chain(first));
  expect([holds(near, patient), holds(far, patient), near.size, far.size]).toEqual([true, false, 3, 3]);
  near.clear();
  const { result, summary } = await runIn(chain(first));
  expect([result.text, summary.loaded]).toEqual([`dear doctor, ${patient} has a cold in the nose`, 1]);
  expect([holds(near, patient), near.size]).toEqual([true, 2]);
  expect((await runIn(Storage.open(near))).summary.loaded).toBe(1);
  // What is near needs no key.
  expect((await runIn(chain(second))).summary).toMatchObject({ loaded: 1, storageErrors: [] });
});
