import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import * as msgpackr from 'msgpackr';
import {
  aesGcm,
  brotli,
  bytes,
  type Encoder,
  encoder,
  gzip,
  json,
  Storage,
  type StorageOptions,
  shuffle,
  type TaskKey,
  UnsupportedValueError,
  v8,
  zstd,
} from 'tidemark';
import * as yaml from 'yaml';
import { difference } from '../encoding/support/difference';
import { followPath } from '../encoding/support/follow-path';
import { anyValue, containersOf, put } from '../encoding/support/values';
import { describeWithRedis } from '../support/redis-server';
import { temporaryFolder } from '../support/temporary-folder';
import { saveAs } from './support/forms';

const folder = temporaryFolder();
/** Shrinking would open a storage for each try. */
const runs = { numRuns: Number(process.env['RUNS'] ?? 3), endOnFailure: true };
const encrypter = aesGcm({ key: Buffer.alloc(32, 7) });

/** Without warnings about Maps, which are refused. */
const quietYaml = {
  id: 'yaml',
  stringify: (value: unknown) => yaml.stringify(value, { logLevel: 'error' }),
  parse: (text: string) => yaml.parse(text, { logLevel: 'error' }),
};

/** Serializers that make two of what occurs twice. */
const treesOnly = ['json', 'yaml', 'msgpackr, zstd'];

/** Each of the parts at least once. */
const encoders: readonly [string, Encoder | undefined, StorageOptions?][] = [
  ['as usual', undefined],
  ['beside', undefined, { inlineBytes: 0 }],
  ['json', encoder({ serializer: json })],
  ['v8, brotli', encoder({ serializer: v8, compressor: brotli() })],
  ['bytes', encoder({ serializer: bytes }), { inlineBytes: 0 }],
  ['yaml', encoder({ serializer: quietYaml })],
  ['msgpackr, zstd', encoder({ serializer: msgpackr, compressor: zstd() })],
  ['shuffle, gzip', encoder({ filters: [shuffle()], compressor: gzip() })],
  ['encrypted', encoder({ encrypter })],
  ['everything', encoder({ filters: [shuffle()], compressor: zstd(), encrypter }), { inlineBytes: 0 }],
];

/** Something that cannot be saved, or that makes the whole large enough to be compressed. */
const extras = fc.oneof(
  { weight: 8, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom(() => 1, Symbol('x'), new (class Point {})()) },
  { weight: 2, arbitrary: fc.constantFrom('abc'.repeat(2000), new Float64Array(600)) },
);

/** Values of every kind, with what occurs twice and cycles. */
const values = fc
  .tuple(
    anyValue(['cbor', 'v8', 'v8 without cycles']),
    fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 1 }),
    extras,
  )
  .map(([value, links, extra]) => {
    const containers = containersOf(value);
    if (containers.length === 0) return extra ?? value;
    for (const [into, what] of links) put(containers[into % containers.length]!, containers[what % containers.length]!);
    if (extra !== undefined) put(containers[0]!, extra);
    return value;
  });

interface Counts {
  kept: number;
  refused: number;
}

/** What became of a value: it came back as it was, or was refused with a path that leads somewhere. */
async function expectKeptOrRefused(
  name: string,
  value: unknown,
  refusal: unknown,
  read: Promise<unknown>,
): Promise<keyof Counts> {
  if (refusal === undefined) {
    const back = await read;
    if (treesOnly.includes(name)) expect([name, isDeepStrictEqual(back, value)]).toEqual([name, true]);
    else expect([name, difference(value, back)]).toEqual([name, undefined]);
    return 'kept';
  }
  if (!(refusal instanceof UnsupportedValueError)) throw refusal;
  followPath(value, refusal.path);
  expect(await read).toBeUndefined();
  return 'refused';
}

/** Saves values at once, and reads them from a storage that is opened for that. */
async function expectLossless(open: (options: StorageOptions) => Storage): Promise<void> {
  for (const [name, parts, options] of encoders) {
    const counts: Counts = { kept: 0, refused: 0 };
    const check = async (generated: readonly unknown[]) => {
      const all = [...generated, 'a text', Uint8Array.of(1), () => 1];
      const given = { ...options, ...(parts && { encoder: parts }) };
      const [writing, reading] = [open(given), open(given)];
      await writing.clear();
      const refusals = await Promise.all(
        all.map((value, i) =>
          saveAs(writing, keyOf(i), value).then(
            () => undefined,
            (error: unknown) => error,
          ),
        ),
      );
      for (const [i, value] of all.entries())
        counts[await expectKeptOrRefused(name, value, refusals[i], reading.get(keyOf(i) as TaskKey))]++;
      await Promise.all([writing.close(), reading.close()]);
    };
    await fc.assert(fc.asyncProperty(fc.array(values, { minLength: 18, maxLength: 22, size: 'max' }), check), runs);
    expect([name, counts.kept > 0, counts.refused > 0]).toEqual([name, true, true]);
  }
}

const keyOf = (n: number) => `Example/${n.toString(16).padStart(32, '0')}`;

it('memory: gives back exactly what was saved, or refuses it with its path', async () => {
  const map = new Map();
  await expectLossless((options) => Storage.open(map, options));
});

it.each(['file', 'lmdb'])('%s: gives back exactly what was saved, or refuses it with its path', async (scheme) => {
  await expectLossless((options) => Storage.open(`${scheme}:${folder.path}/store`, options));
});

describeWithRedis('with a redis-server', (server) => {
  it('redis: gives back exactly what was saved, or refuses it with its path', async () => {
    await expectLossless((options) => Storage.open(server.uri(), options));
  });
});
