import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { TidemarkError } from '../../../src/base/error';
import type { Bytes } from '../../../src/encoding/encoder';
import { type AesGcmOptions, aesGcm } from '../../../src/encoding/encryption/aes-gcm';
import { CannotDecodeError } from '../../../src/encoding/errors';

const key = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex');
const passphrase = 'correct horse battery staple';
const place = 'TrainModel/0123456789abcdef0123456789abcdef';

test('decrypts messages of earlier releases', async () => {
  const message = Buffer.from('7591aab79cf57936d2de6b483f4a820e8b89c812ed95338ffcef2e5dad88743ef98749ce', 'hex');
  const encryption = aesGcm({ key });
  expect(encryption).toMatchObject({ id: 'aes-256-gcm', keyId: '4f812ad97142d8fc' });
  expect(Buffer.from(await encryption.decrypt(message, place, '4f812ad97142d8fc')).toString()).toBe('the tide');
  expect(aesGcm({ key: passphrase }).keyId).toBe('b4cf171f2be0321d');
});

test('equal bytes encrypt to different messages without any plain text', async () => {
  const plain = Buffer.from('a secret value, '.repeat(10));
  const messages = await Promise.all([1, 2].map(async () => aesGcm({ key }).encrypt(plain, place)));
  expect(messages[0]).toHaveLength(12 + plain.length + 16);
  expect(Buffer.compare(messages[0]!, messages[1]!)).not.toBe(0);
  for (const message of messages) expect(Buffer.from(message).includes('secret')).toBe(false);
});

test.each([0, 1, 1_000, 2 * 1024 * 1024, 2 * 1024 * 1024 + 1, 5_000_000])(
  'brings %i bytes back, which fill their memory',
  async (length) => {
    const plain = randomBytes(length);
    const encryption = aesGcm({ key });
    const back = await encryption.decrypt(await encryption.encrypt(plain, place), place, encryption.keyId);
    expect(Buffer.compare(back, plain)).toBe(0);
    expect(back.buffer.byteLength).toBe(length);
  },
);

test('small messages are encrypted synchronously', () => {
  const encryption = aesGcm({ key });
  const message = encryption.encrypt(Buffer.from('params'), place) as Bytes;
  expect(encryption.decrypt(message, place, encryption.keyId)).toEqual(new Uint8Array(Buffer.from('params')));
});

test.each([100, 3_000_000])('detects any change of %i bytes, and another place', async (length) => {
  const encryption = aesGcm({ key });
  const plain = randomBytes(length);
  const message = await encryption.encrypt(plain, place);
  const decrypting = async (changed: Bytes, at = place) => encryption.decrypt(changed, at, encryption.keyId);
  await expect(decrypting(message, `${place}0`)).rejects.toThrow('with another key or for another place, or changed');
  await fc.assert(
    fc.asyncProperty(fc.nat(message.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const changed = Uint8Array.from(message);
      changed[at]! ^= flip;
      await expect(decrypting(changed)).rejects.toThrow(TidemarkError);
      await expect(decrypting(message.subarray(0, at))).rejects.toThrow(TidemarkError);
      await expect(decrypting(Buffer.concat([message, Buffer.from([flip])]))).rejects.toThrow(TidemarkError);
    }),
    { numRuns: length > 1_000 ? 3 : 100 },
  );
});

test('a message cannot replace another', async () => {
  const encryption = aesGcm({ key });
  const messages = new Map<string, Bytes>();
  for (const at of ['A/1', 'A/2']) messages.set(at, await encryption.encrypt(Buffer.from(at), at));
  expect(() => encryption.decrypt(messages.get('A/1')!, 'A/2', encryption.keyId)).toThrow('for another place');
});

test.each<[string, AesGcmOptions]>([
  ['bytes', { key: new Uint8Array(key) }],
  ['base64', { key: key.toString('base64') }],
  ['base64 for URLs', { key: key.toString('base64url') }],
  ['base64 with a line break, as files have it', { key: `${key.toString('base64')}\n` }],
  ['the first of several', { keys: [key, randomBytes(32)] }],
])('takes a key as %s', async (_, options) => {
  const message = await aesGcm(options).encrypt(Buffer.from('a'), place);
  expect(Buffer.from(await aesGcm({ key }).decrypt(message, place, aesGcm({ key }).keyId)).toString()).toBe('a');
});

test('a passphrase gives the same key in any spelling, and another with another salt', () => {
  const { keyId } = aesGcm({ key: 'très secret, really' });
  expect(aesGcm({ key: 'très secret, really\n'.normalize('NFD') }).keyId).toBe(keyId);
  expect(aesGcm({ key: 'Très secret, really' }).keyId).not.toBe(keyId);
  const salted = [1, 2].map((n) => aesGcm({ key: { passphrase, salt: `salt ${n}` } }).keyId);
  expect(new Set([...salted, aesGcm({ key: passphrase }).keyId]).size).toBe(3);
});

test('with several keys, the first one encrypts and all decrypt', async () => {
  const [old, fresh] = [randomBytes(32), randomBytes(32)];
  const [before, during, after] = [aesGcm({ key: old }), aesGcm({ keys: [fresh, old] }), aesGcm({ key: fresh })];
  const message = await before.encrypt(Buffer.from('a'), place);
  expect(Buffer.from(await during.decrypt(message, place, before.keyId)).toString()).toBe('a');
  expect(during.keyId).toBe(after.keyId);
  expect([during, after].map((one) => one.canDecrypt(before.keyId))).toEqual([true, false]);
  expect(() => after.decrypt(message, place, before.keyId)).toThrow(CannotDecodeError);
  expect(during.canDecrypt(undefined)).toBe(false);
});

test('a later change of the key bytes has no effect', () => {
  const changing = Buffer.from(key);
  const encryption = aesGcm({ key: changing });
  changing.fill(0);
  expect(encryption.keyId).toBe(aesGcm({ key }).keyId);
});

test.each<[string, any, string]>([
  ['no key', {}, 'aesGcm needs either a key or keys'],
  ['an environment variable that is not set', { key: undefined }, 'aesGcm needs either a key or keys'],
  ['both', { key, keys: [key] }, 'aesGcm needs either a key or keys'],
  ['an empty list', { keys: [] }, 'aesGcm needs at least one key'],
  ['a list that is none', { keys: key.toString('base64') }, 'keys must be a list'],
  ['a misspelt option', { kye: key }, 'aesGcm has no option kye; did you mean key?'],
  ['too few bytes', { key: key.subarray(1) }, 'a key must have 32 bytes; this one has 31'],
  ['a short passphrase', { key: 'sesame' }, 'a passphrase needs at least 12 characters'],
  ['a passphrase of spaces', { key: ' '.repeat(20) }, 'a passphrase needs at least 12 characters'],
  [
    'no salt',
    { key: { passphrase, salt: '' } },
    'a key must be 32 bytes, the same in base64, a passphrase, or { passphrase, salt }',
  ],
  ['null', { key: null }, 'a key must be 32 bytes, the same in base64'],
])('refuses %s at once', (_, options, message) => {
  expect(() => aesGcm(options)).toThrow(message);
});

test('neither shows its key nor names it in messages', () => {
  const { inspect } = require('node:util');
  const encryption = aesGcm({ key: passphrase });
  void encryption.keyId;
  expect(inspect(encryption, { depth: 9, showHidden: true })).not.toContain('horse');
  expect(JSON.stringify(encryption)).not.toContain('horse');
  expect(() => aesGcm({ key: 'hush hush' })).not.toThrow('hush hush');
});
