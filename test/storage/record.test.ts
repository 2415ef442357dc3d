import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { Storage, type TaskKey } from 'tidemark';
import { type CheckpointRecord, decodeEntry, encodeEntry } from '../../src/storage/record';

const key = 'Choose/0f3a0f3a0f3a0f3a0f3a0f3a0f3a0f3a' as TaskKey;
const digest = 'bfee22cbf7163b4a5c5053d1c3a2b6be2abc37e7a3eb3f1bd4d2d33d9a4f8cf1';

const bytes = Buffer.from([0x82, 1, 2]);

/** As every release has to read it. */
const golden = Buffer.concat([
  Buffer.from(
    'tidemark1 ' +
      '{"key":"Choose/0f3a0f3a0f3a0f3a0f3a0f3a0f3a0f3a","task":"Choose","version":2,"params":{"n":6,"text":"ä😀"},"source":"0123456789abcdef",' +
      '"requires":[["Choose/11111111111111111111111111111111","bfee22cbf7163b4a5c5053d1c3a2b6be2abc37e7a3eb3f1bd4d2d33d9a4f8cf1"],["Plain/2222222222222222222222222222222a",null]],' +
      '"marks":["00112233445566ff"],"dynamic":[["List/33333333333333333333333333333333",["Item/44444444444444444444444444444444"]]],' +
      '"encoder":"cbor","format":"cbor","digest":"bfee22cbf7163b4a5c5053d1c3a2b6be2abc37e7a3eb3f1bd4d2d33d9a4f8cf1","size":3,"isBeside":false,"seconds":0.25,"savedAt":1767323045678,"savedBy":"host/42"} ce13792bfacb8c02c9cb322cba098567\n',
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
  marks: ['00112233445566ff'],
  dynamic: [['List/33333333333333333333333333333333' as TaskKey, ['Item/44444444444444444444444444444444' as TaskKey]]],
  encoder: 'cbor',
  format: 'cbor',
  keyId: undefined,
  digest,
  size: 3,
  isBeside: false,
  seconds: 0.25,
  savedAt: new Date('2026-01-02T03:04:05.678Z'),
  savedBy: 'host/42',
};
/** An entry with any text under a right checksum. */
function sealed(json: string, number = '1'): Buffer {
  const text = `tidemark${number} ${json}`;
  return Buffer.from(`${text} ${createHash('sha256').update(text).digest('hex').slice(0, 32)}\n`);
}

it('is written as it was in the first release, and read from it', () => {
  expect(Buffer.from(encodeEntry(record, bytes)).toString('latin1')).toBe(golden.toString('latin1'));
  expect(decodeEntry(golden, key)).toEqual({ state: 'whole', record, bytes });
});

it('holds a result that the first release saved', async () => {
  const one = Buffer.concat([
    Buffer.from(
      'tidemark1 {"key":"Choose/x","task":"Choose","params":{"n":6},"source":"abcdef","requires":[],"marks":[],"dynamic":[],"encoder":"cbor","format":"cbor","digest":"490cf79e818d8a71d20f8d4ebf1b357ff6d7c40d1b02d5a566a1d8f9a561ce71","size":6,"isBeside":false,"seconds":0.5,"savedAt":1795320514887,"savedBy":"host/42"} dcb7ee4cdde707d8aa3bf75814f3ec2c\n',
    ),
    Buffer.from('a16161820102', 'hex'),
  ]);
  expect(await Storage.open(new Map([['Choose/x', one]])).get('Choose/x' as TaskKey)).toEqual({ a: [1, 2] });
});

it('comes back whole, with small bytes or without large ones', () => {
  expect(decodeEntry(encodeEntry(record, bytes), key)).toEqual({ state: 'whole', record, bytes });
  const large = { ...record, isBeside: true, size: 50_000 };
  expect(decodeEntry(encodeEntry(large, undefined), key)).toEqual({ state: 'whole', record: large, bytes: undefined });
  const inLargerMemory = Buffer.concat([Buffer.from('before'), encodeEntry(record, bytes), Buffer.from('after')]);
  expect(decodeEntry(inLargerMemory.subarray(6, -5), key)).toEqual({ state: 'whole', record, bytes });
});

it.each<[string, Uint8Array, object]>([
  ['nothing', Buffer.alloc(0), { state: 'damaged' }],
  [
    'another format',
    sealed('{}', '2'),
    { state: 'unreadable', problem: expect.stringContaining('its format 2 is newer') },
  ],
  [
    'another format that is damaged',
    Buffer.concat([sealed('{}', '2').subarray(0, -2), Buffer.from('x\n')]),
    { state: 'damaged' },
  ],
  ['JSON that is no record', sealed('null'), { state: 'damaged' }],
  ['no JSON', sealed('{'), { state: 'damaged' }],
  ['half a record', sealed(`{"key":"${key}","size":0}`), { state: 'damaged' }],
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
  expect(decodeEntry(entry, key)).toEqual({ problem: expect.any(String), ...expected });
});

it('never throws, whatever the bytes are', () => {
  const whole = encodeEntry(record, bytes);
  const changed = fc
    .tuple(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length))
    .map(([at, byte, length]) => whole.map((old, i) => (i === at ? byte : old)).subarray(0, length));
  const json = fc.oneof(
    fc.json(),
    fc.string(),
    fc
      .record({ key: fc.constant(key), requires: fc.anything(), marks: fc.anything(), savedAt: fc.anything() })
      .map((value) => JSON.stringify(value) ?? ''),
  );
  const entries = fc.oneof(
    fc.uint8Array(),
    changed,
    fc.string().map((text) => Buffer.from(`tidemark${text}`)),
    json.map((text) => sealed(text)),
  );
  fc.assert(
    fc.property(entries, (entry) => {
      const { state, ...rest } = decodeEntry(entry, key) as any;
      expect(['whole', 'damaged', 'unreadable']).toContain(state);
      // The bytes behind a record are checked by its digest, when they are decoded.
      if (state === 'whole') expect([rest.record, rest.bytes.byteLength]).toEqual([record, bytes.byteLength]);
    }),
    { numRuns: 2_000 },
  );
});
