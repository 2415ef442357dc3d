import { inspect } from 'node:util';
import { aesGcm, encoder } from 'tidemark';
import { parseJson } from '../../../src/executors/bullmq/protocol/json';
import { decodePayload, encodePayload, type PayloadContext } from '../../../src/executors/bullmq/protocol/payload';

const { encryption } = encoder({ encrypter: aesGcm({ key: 'a passphrase for tests' }) });
/** An encrypter that finds nothing out by itself. */
const { encryption: weak } = encoder({
  encrypter: {
    id: 'xor',
    encrypt: (bytes: Uint8Array) => bytes.map((byte) => byte ^ 7),
    decrypt: (bytes: Uint8Array) => bytes.map((byte) => byte ^ 7),
  },
});
const place: PayloadContext = { kind: 'answer', queue: 'gpu', id: 'Train/1', header: ['Train', 2] };
const content = { type: 'stored', key: 'Train/1', value: 14, bytes: [Uint8Array.of(1, 2, 250)] };

it.each([
  ['as JSON', null, content],
  ['as what JSON does not have', null, { ...content, value: Number.NaN }],
  ['encrypted', encryption, content],
  ['encrypted by something that authenticates nothing', weak, content],
])('content in which any bit is another one cannot be read, or is what it was: %s', async (_, by, given) => {
  const text = Buffer.from(JSON.stringify(await encodePayload(given, by, place)));
  expect(await decodePayload(JSON.parse(text.toString()), by, place)).toEqual(given);
  const wrong: unknown[] = [];
  let refused = 0;
  for (let bit = 0; bit < 8 * text.length; bit++) {
    const changed = Buffer.from(text);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    try {
      const read = await decodePayload(parseJson(changed.toString()), by, place);
      if (inspect(read) !== inspect(await decodePayload(parseJson(text.toString()), by, place))) wrong.push(read);
    } catch (error) {
      refused++;
      expect((error as Error).name).toBe('QueueError');
    }
  }
  expect(wrong).toEqual([]);
  expect(refused).toBeGreaterThan(4 * text.length);
});

it.each([
  ['in clear', null],
  ['encrypted', encryption],
])('content cannot be read as that of another job, queue or kind: %s', async (_, by) => {
  const sealed = await encodePayload(content, by, place);
  const others: Partial<PayloadContext>[] = [
    { id: 'Train/2' },
    { queue: 'cpu' },
    { kind: 'said' },
    { header: ['Train', '2'] },
  ];
  for (const other of others)
    await expect((async () => decodePayload(sealed, by, { ...place, ...other }))()).rejects.toThrow(
      /is not what was written to Redis: it was changed, or belongs elsewhere/,
    );
});
