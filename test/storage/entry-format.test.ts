import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { type CheckpointRecord, Storage, type TaskKey } from 'tidemark';
import { decodeEntry, encodeEntry } from '../../src/storage/format/entry-format';

const key = 'Choose/0f3a0f3a0f3a0f3a0f3a0f3a0f3a0f3a' as TaskKey;
const digest = 'bfee22cbf7163b4a5c5053d1c3a2b6be2abc37e7a3eb3f1bd4d2d33d9a4f8cf1';
const bytes = Buffer.from([0x82, 1, 2]);

/** As every release has to read it. */
const golden = Buffer.concat([
  Buffer.from(
    'tidemark2 fe9d4b6a - ' +
      `Choose/0f3a0f3a0f3a0f3a0f3a0f3a0f3a0f3a ${digest} 3 3 - 0123456789abcdef cbor cbor - - - 00112233445566ff,8877665544332211 ` +
      'List/33333333333333333333333333333333=Item/44444444444444444444444444444444,Item/55555555555555555555555555555555;Empty/66666666666666666666666666666666=- ' +
      `Choose/11111111111111111111111111111111=${digest},Plain/2222222222222222222222222222222a=- ` +
      '{"task":"Choose","version":2,"params":{"n":6,"text":"ä😀"},"refs":"cbor:cmVmcw==","seconds":0.25,"savedAt":1767323045678,"savedBy":"host/42"}\n',
  ),
  bytes,
]);

const record: CheckpointRecord = {
  key,
  task: 'Choose',
  version: 2,
  params: { n: 6, text: 'ä😀' },
  source: '0123456789abcdef',
  requires: [
    ['Choose/11111111111111111111111111111111' as TaskKey, digest],
    ['Plain/2222222222222222222222222222222a' as TaskKey, null],
  ],
  marks: ['00112233445566ff', '8877665544332211'],
  dynamic: [
    [
      'List/33333333333333333333333333333333' as TaskKey,
      ['Item/44444444444444444444444444444444' as TaskKey, 'Item/55555555555555555555555555555555' as TaskKey],
    ],
    ['Empty/66666666666666666666666666666666' as TaskKey, []],
  ],
  refs: 'cbor:cmVmcw==',
  serializer: 'cbor',
  format: 'cbor',
  compressor: undefined,
  encrypter: undefined,
  keyId: undefined,
  digest,
  size: 3,
  plainSize: 3,
  blob: undefined,
  seconds: 0.25,
  savedAt: new Date('2026-01-02T03:04:05.678Z'),
  savedBy: 'host/42',
};

/** An entry with any text under a right checksum. */
function sealed(text: string, number = '2'): Buffer {
  return Buffer.from(
    `tidemark${number} ${crc32(text, crc32(`tidemark${number} `))
      .toString(16)
      .padStart(8, '0')} ${text}\n`,
  );
}

function read(entry: Uint8Array, ofKey = key): unknown {
  const decoded = decodeEntry(entry, ofKey);
  return decoded.state === 'whole' ? [decoded.entry.toRecord(), decoded.entry.bytes] : decoded;
}

it('is written as in the release before, and read from it', () => {
  expect(Buffer.from(encodeEntry(record, bytes)).toString('latin1')).toBe(golden.toString('latin1'));
  expect(read(golden)).toEqual([record, bytes]);
});

it('reads a result that an earlier release saved', async () => {
  const line =
    'tidemark2 d7d7c232 - Choose/x 490cf79e818d8a71d20f8d4ebf1b357ff6d7c40d1b02d5a566a1d8f9a561ce71 6 6 - abcdef cbor cbor - - - - - - {"task":"Choose","params":{"n":6},"seconds":0.5,"savedAt":1795320514887,"savedBy":"host/42"}\n';
  const one = Buffer.concat([Buffer.from(line), Buffer.from('a16161820102', 'hex')]);
  expect(await Storage.open(new Map([['Choose/x', one]])).get('Choose/x' as TaskKey)).toEqual({ a: [1, 2] });
});

it('round-trips with inline bytes, and without the bytes of a blob', () => {
  expect(read(encodeEntry(record, bytes))).toEqual([record, bytes]);
  const large = { ...record, blob: '00112233445566778899aabbccddeeff', size: 50_000, compressor: 'zstd' };
  expect(read(encodeEntry(large, undefined))).toEqual([large, undefined]);
  const inLargerMemory = Buffer.concat([Buffer.from('before'), encodeEntry(record, bytes), Buffer.from('after')]);
  expect(read(inLargerMemory.subarray(6, -5))).toEqual([record, bytes]);
});

it('reveals encrypted fields only after decryption', () => {
  const secret: CheckpointRecord = {
    ...record,
    encrypter: 'aes',
    keyId: '1f2e',
    marks: [],
    dynamic: [],
    refs: undefined,
  };
  const entry = encodeEntry(secret, bytes, 'c2VhbGVk');
  expect(Buffer.from(entry).includes(digest) || Buffer.from(entry).includes('ä')).toBe(false);
  const decoded = decodeEntry(entry, key);
  if (decoded.state !== 'whole') throw new Error(decoded.problem);
  expect(decoded.entry.encryptedFields).toBe('c2VhbGVk');
  expect(decoded.entry.toRecord()).toEqual({ ...secret, digest: '', requires: [], params: { $encrypted: true } });
  const { params, requires } = record;
  decoded.entry.privateFields = { params, requires, digest, refs: undefined };
  expect(decoded.entry.toRecord()).toEqual(secret);
});

it.each<[string, Uint8Array, object]>([
  ['nothing', Buffer.alloc(0), { state: 'damaged' }],
  [
    'another format',
    sealed('{}', '3'),
    { state: 'unreadable', problem: expect.stringContaining('its format 3 is newer') },
  ],
  ['a format with more digits', sealed('{}', '12345'), { state: 'unreadable' }],
  [
    'another format that is damaged',
    Buffer.concat([sealed('{}', '3').subarray(0, -2), Buffer.from('x\n')]),
    { state: 'damaged' },
  ],
  ['words that are no record', sealed('a b c'), { state: 'damaged' }],
  ['sizes that are none', sealed(`- ${key} ${digest} x 3 - s cbor cbor - - - - - - {}`), { state: 'damaged' }],
  [
    'the record of another key',
    encodeEntry({ ...record, key: 'Choose/other' as TaskKey }, bytes),
    { state: 'damaged', problem: 'it belongs to Choose/other' },
  ],
  [
    'bytes that are too few',
    encodeEntry(record, bytes.subarray(1)),
    { state: 'damaged', problem: 'it has 2 bytes where 3 were saved' },
  ],
])('says what is wrong with %s', (_, entry, expected) => {
  expect(read(entry)).toEqual({ problem: expect.any(String), ...expected });
});

it('never throws, whatever the bytes are', () => {
  const whole = encodeEntry(record, bytes);
  const changed = fc
    .tuple(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length))
    .map(([at, byte, length]) => whole.map((old, i) => (i === at ? byte : old)).subarray(0, length));
  const entries = fc.oneof(
    fc.uint8Array(),
    changed,
    fc.string().map((text) => Buffer.from(`tidemark${text}`)),
    fc.string().map((text) => sealed(text)),
  );
  fc.assert(
    fc.property(entries, (entry) => {
      const decoded = decodeEntry(entry, key);
      expect(['whole', 'damaged', 'outdated', 'unreadable']).toContain(decoded.state);
      // The bytes behind a record are checked by its digest, when they are decoded.
      if (decoded.state === 'whole')
        expect([decoded.entry.toRecord(), decoded.entry.bytes!.byteLength]).toEqual([record, bytes.byteLength]);
    }),
    { numRuns: 2_000 },
  );
});

it('names task directories at the end, encrypted or not', () => {
  const directories = [`${key}.d/3f9a2c11-42-7-0123456789ab-0`];
  const withDirectories = { ...record, directories };
  const entry = encodeEntry(withDirectories, bytes);
  expect(Buffer.from(entry).toString('latin1')).toContain(
    `,"savedBy":"host/42","directories":["${directories[0]}"]}\n`,
  );
  expect(read(entry)).toEqual([withDirectories, bytes]);
  for (const sealed of [undefined, 'c2VhbGVk']) {
    const decoded = decodeEntry(encodeEntry({ ...withDirectories, encrypter: sealed && 'aes' }, bytes, sealed), key);
    expect(decoded.state === 'whole' && decoded.entry.directories).toEqual(directories);
  }
});
