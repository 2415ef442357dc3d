import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { brotli, gzip } from '../../src/encoding/compression/zlib';
import { hasZstd, zstd } from '../../src/encoding/compression/zstd';
import type { Bytes, Compression, Encoder } from '../../src/encoding/encoder';
import { aesGcm } from '../../src/encoding/encryption/aes-gcm';
import { CannotDecodeError } from '../../src/encoding/errors';
import { combineEncoders, defaultEncoder, encoder } from '../../src/encoding/make-encoder';
import { pack, unpack } from '../../src/encoding/packing';
import { findSerialization } from '../../src/encoding/serialization/find-serialization';
import { cbor, json, v8 } from '../../src/encoding/serialization/serializers';
import { shuffle } from '../../src/encoding/shuffle';

const lz4 = require('lz4js');
const place = 'Example/0123';
const key = Buffer.alloc(32, 7);
const secret = encoder({ encrypter: aesGcm({ key }) });
const text = (length: number) => Buffer.alloc(length, 'tidemark, ');

/** A compressor that records its inputs. */
function counting(): Compression & { readonly sizes: number[] } {
  const sizes: number[] = [];
  return {
    id: 'counting',
    sizes,
    compress: (bytes) => {
      sizes.push(bytes.byteLength);
      return gzip().compress(bytes);
    },
    decompress: (bytes) => gzip().decompress(bytes),
  };
}

async function there(bytes: Bytes, made: Encoder) {
  return pack(bytes, made, place);
}

test('does not compress small bytes, or bytes that shrink by less than a tenth', async () => {
  const nothing = { compressor: undefined, encrypter: undefined, keyId: undefined };
  for (const bytes of [text(0), text(4_095), randomBytes(5_000), randomBytes(500_000)]) {
    const packed = await there(bytes, defaultEncoder);
    expect(packed.packing).toEqual(nothing);
    expect(packed.bytes).toBe(bytes);
  }
  const noisy = Buffer.concat([randomBytes(9_200), text(800)]);
  expect((await there(noisy, encoder({ compressor: gzip() }))).packing.compressor).toBeUndefined();
});

test('uses the best compression of this process', async () => {
  const packed = await there(text(4_096), defaultEncoder);
  expect(packed.packing.compressor).toBe(hasZstd() ? 'zstd' : 'brotli');
  expect(packed.bytes.byteLength).toBeLessThan(200);
  expect(packed.bytes.buffer.byteLength).toBe(packed.bytes.byteLength);
});

test('compresses samples of large bytes first, and everything only if they shrink', async () => {
  const compressor = counting();
  await there(randomBytes(1_000_000), encoder({ compressor }));
  expect(compressor.sizes).toEqual([65_536]);
  await there(text(1_000_000), encoder({ compressor }));
  expect(compressor.sizes.slice(1)).toEqual([65_536, 1_000_000]);
});

test.each([
  ['gzip', gzip({ level: 9 })],
  ['brotli', brotli({ level: 5 })],
  ['the fastest brotli', brotli({ level: 0 })],
  ['zstd', zstd()],
  ['lz4js', { ...lz4, id: 'lz4' }],
  ['the usual one', undefined],
])('brings bytes of any size back with %s, encrypted and not', async (_, compressor) => {
  const plain = encoder(compressor === undefined ? {} : { compressor });
  for (const made of [plain, { ...plain, encryption: secret.encryption }]) {
    for (const length of [0, 1, 4_096, 70_000, 300_000, 3_000_000]) {
      const packed = await there(text(length), made);
      const back = await unpack(packed.bytes, packed.packing, [made], place, length);
      expect(Buffer.compare(back, text(length))).toBe(0);
      if (packed.packing.compressor) expect(back.buffer.byteLength).toBe(length);
    }
  }
});

test.each([
  ['gzip', gzip()],
  ['brotli', brotli()],
  ['zstd', zstd()],
])('decompresses %s without being given it, at whatever level', async (id, compressor) => {
  const { bytes, packing } = await there(text(300_000), encoder({ compressor }));
  expect(packing.compressor).toBe(id);
  expect(await unpack(bytes, packing, [encoder({ compressor: null })], place, 300_000)).toHaveLength(300_000);
  expect(await unpack(bytes, packing, [], place)).toHaveLength(300_000);
});

test.each([
  ['gzip', gzip()],
  ['brotli', brotli()],
  ['zstd', zstd()],
])('stops decompressing %s where more comes out than there was', async (_, compressor) => {
  const { bytes, packing } = await there(text(50_000_000), encoder({ compressor }));
  const before = process.memoryUsage.rss();
  await expect(async () => unpack(bytes, packing, [], place, 5_000)).rejects.toThrow(/decompressing it with/);
  expect(process.memoryUsage.rss() - before).toBeLessThan(20_000_000);
});

test.each([
  ['gzip', gzip()],
  ['brotli', brotli()],
  ['zstd', zstd()],
])('damaged %s is an error or other bytes of the right length', async (_, compressor) => {
  const plain = Buffer.from(randomBytes(3_000).toString('hex'));
  const { bytes, packing } = await there(plain, encoder({ compressor }));
  await fc.assert(
    fc.asyncProperty(
      fc.nat(bytes.length - 1),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
      async (at, flip, cut) => {
        const damaged = Uint8Array.from(bytes.subarray(0, cut ? at : bytes.length));
        if (!cut) damaged[at]! ^= flip;
        const outcome = await (async () => unpack(damaged, packing, [], place, plain.length))().catch((error) => error);
        if (outcome instanceof Error) expect(outcome).not.toBeInstanceOf(CannotDecodeError);
        else expect(outcome).toHaveLength(plain.length);
      },
    ),
    { numRuns: 100 },
  );
});

const nothing = { compressor: undefined, encrypter: undefined, keyId: undefined };

test.each<[string, object, string]>([
  [
    'a compressor',
    { compressor: 'lz4' },
    'it was compressed with lz4; give the task or the storage an encoder with that',
  ],
  [
    'any key',
    { encrypter: 'aes-256-gcm', keyId: '1f2e' },
    'it was encrypted with aes-256-gcm and the key 1f2e; give the storage an encoder with that encrypter and key',
  ],
])('says that %s is missing', (_, packing, message) => {
  const unpacking = () => unpack(text(10), { ...nothing, ...packing }, [defaultEncoder], place);
  expect(unpacking).toThrow(CannotDecodeError);
  expect(unpacking).toThrow(message);
});

test('reports another key', async () => {
  const { bytes, packing } = await there(text(10), secret);
  const other = encoder({ encrypter: aesGcm({ key: Buffer.alloc(32, 8) }) });
  expect(() => unpack(bytes, packing, [other], place)).toThrow(
    `it was encrypted with the key ${packing.keyId}, which this encoder does not have`,
  );
  expect(await unpack(bytes, packing, [other, secret], place)).toEqual(new Uint8Array(text(10)));
});

test('an encrypter without key ids reports that it cannot distinguish another key from damage', async () => {
  const plain = encoder({
    encrypter: { id: 'xor', encrypt: (bytes: Bytes) => bytes, decrypt: () => Promise.reject(new Error('bad decrypt')) },
  });
  const { bytes, packing } = await there(text(10), plain);
  expect(packing).toEqual({ ...nothing, encrypter: 'xor' });
  await expect(unpack(bytes, packing, [plain], place)).rejects.toThrow(CannotDecodeError);
  await expect(unpack(bytes, packing, [plain], place)).rejects.toThrow('xor cannot decrypt it (bad decrypt)');
});

test('an encrypter with a key id decrypts only its own messages, and a failure means damage', async () => {
  const made = (keyId: string) =>
    encoder({
      encrypter: {
        id: 'box',
        keyId,
        encrypt: (bytes: Bytes) => bytes,
        decrypt: () => Promise.reject(new Error('bad box')),
      },
    });
  const { bytes, packing } = await there(text(10), made('k1'));
  expect(packing).toEqual({ ...nothing, encrypter: 'box', keyId: 'k1' });
  const failure: unknown = await Promise.resolve(unpack(bytes, packing, [made('k1')], place)).catch((error) => error);
  expect(failure).toEqual(new Error('bad box'));
  expect(() => unpack(bytes, packing, [made('k2')], place)).toThrow(CannotDecodeError);
});

describe('serializationFor', () => {
  test('prefers the given serializations to the built-in ones', () => {
    const own = { ...json, canRead: () => true };
    expect(findSerialization('json', 'json', [{ ...defaultEncoder, serialization: own }])).toBe(own);
    expect(findSerialization('json', 'json', [defaultEncoder])).toBe(json);
    expect(findSerialization('v8', 'v8+raw', [defaultEncoder])).toBe(v8);
  });

  test('finds shuffle before a built-in serializer', async () => {
    const shuffled = encoder({ filters: [shuffle()] }).serialization;
    const { bytes, format } = await shuffled.serialize(Float64Array.of(1, 2));
    const found = findSerialization('shuffle+cbor', format, [defaultEncoder]);
    expect(await found.deserialize(bytes, format)).toEqual(Float64Array.of(1, 2));
  });

  test('reports the missing part', () => {
    expect(() => findSerialization('yaml', 'text', [defaultEncoder])).toThrow(CannotDecodeError);
    expect(() => findSerialization('yaml', 'text', [])).toThrow('it was serialized with yaml; give the task or the');
    expect(() => findSerialization('cbor', 'cbor2', [])).toThrow('which this version of Tidemark does not know');
  });
});

test('combineEncoders uses the parts of the task, with the encryption of the storage', () => {
  const ofTask = encoder({ serializer: json, compressor: null });
  const encrypted = { ...ofTask, encryption: aesGcm({ key: Buffer.alloc(32) }) };
  expect(combineEncoders(undefined, undefined)).toBe(defaultEncoder);
  expect(combineEncoders(undefined, secret)).toBe(secret);
  expect(combineEncoders(ofTask, undefined)).toBe(ofTask);
  expect(combineEncoders(ofTask, defaultEncoder)).toBe(ofTask);
  expect(combineEncoders(ofTask, secret)).toEqual({ ...ofTask, encryption: secret.encryption });
  expect(combineEncoders(encrypted, secret).encryption).toBe(secret.encryption);
  expect(combineEncoders(encrypted, defaultEncoder).encryption).toBe(encrypted.encryption);
});

test('the default encoder loads compressors and cryptography on first use', () => {
  const program = `
    const before = new Set(process.moduleLoadList);
    const { defaultEncoder } = require('${require.resolve('../../src/encoding/make-encoder')}');
    const { pack } = require('${require.resolve('../../src/encoding/packing')}');
    pack(defaultEncoder.serialization.serialize(1).bytes, defaultEncoder, 'a');
    const loaded = process.moduleLoadList.filter((name) => !before.has(name) && /zlib|crypto|v8/.test(name));
    process.stdout.write(JSON.stringify([loaded, Object.keys(require.cache).filter((file) => file.includes('cbor-x'))]));`;
  const run = ['-r', './test/support/register.js', '-e', program];
  // The first run compiles files, which loads many modules.
  execFileSync(process.execPath, run);
  expect(JSON.parse(execFileSync(process.execPath, run, { encoding: 'utf8' }))).toEqual([[], []]);
});

test.each([
  [() => gzip({ level: 10 }), 'the option level is 10; it must be a whole number from 1 to 9'],
  [() => brotli({ quality: 1 } as object), 'brotli has no option quality'],
  [() => zstd({ level: 0 }), 'it must be a whole number from 1 to 22'],
])('refuses unknown levels and options', (make, message) => {
  expect(make).toThrow(message);
});

test('compressing large bytes leaves time for other work', async () => {
  const bytes = Buffer.from(randomBytes(4_000_000).toString('hex'));
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  for (const compressor of [gzip({ level: 9 }), brotli({ level: 9 }), zstd({ level: 12 })])
    await there(bytes, encoder({ compressor, encrypter: aesGcm({ key }) }));
  clearInterval(timer);
  expect(turns).toBeGreaterThan(10);
});

test('encoders of the same parts have the same serialization', () => {
  expect(encoder().serialization).toBe(cbor);
});
