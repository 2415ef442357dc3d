import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { zstd } from '../../../src/encoding/compression/zstd';
import { zstdReader } from '../../../src/encoding/compression/zstd-fallback';
import type { Bytes } from '../../../src/encoding/encoder';
import written from './fixtures/zstd-of-node-24.json';

const lines = (count: number, line: (i: number) => string) =>
  Buffer.from(Array.from({ length: count }, (_, i) => line(i)).join(''));

/** Incompressible bytes, twice. */
function noise(): Buffer {
  let state = 1;
  const bytes = Uint8Array.from({ length: 3_000 }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return state & 255;
  });
  return Buffer.concat([bytes, bytes, Buffer.alloc(100)]);
}

const plain: Record<string, Buffer> = {
  empty: Buffer.alloc(0),
  one: Buffer.from([7]),
  rows: lines(400, (i) => `${i},${(i * 7_919) % 1_000},row ${i % 13},${['Berlin', 'Paris', 'Oslo'][i % 3]}\n`),
  large: lines(30_000, (i) => `${i % 1_000},row ${i % 13}\n`),
  zeros: Buffer.alloc(300_000),
  noise: noise(),
};

const read = async (bytes: Bytes, size: number) => Buffer.from(await zstdReader.decompress(bytes, size));

it.each(Object.entries(written))('reads in JavaScript what Node 24 wrote: %s', async (name, base64) => {
  const expected = plain[name.split(' ')[0]!]!;
  expect((await read(Buffer.from(base64, 'base64'), expected.length)).equals(expected)).toBe(true);
});

it('reads the zstd of this machine at any level', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.integer({ min: 1, max: 2_000 }),
      fc.integer({ min: 1, max: 22 }),
      async (piece, times, level) => {
        const bytes = Buffer.alloc(piece.length * times, piece);
        const compressed = await zstd({ level }).compress(bytes);
        expect((await read(compressed, bytes.length)).equals(bytes)).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

it('returns an error or the right number of bytes after any damage', async () => {
  const bytes = Buffer.from(written['rows 19 checksum'], 'base64');
  const size = plain['rows']!.length;
  await fc.assert(
    fc.asyncProperty(
      fc.nat(bytes.length - 1),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
      async (at, flip, cut) => {
        const damaged = Uint8Array.from(bytes.subarray(0, cut ? at : bytes.length));
        if (!cut) damaged[at]! ^= flip;
        const outcome = await read(damaged, size).catch((error: unknown) => error);
        if (!(outcome instanceof Error)) expect(outcome).toHaveLength(size);
      },
    ),
    { numRuns: 300 },
  );
});

it('produces no more bytes than the original had', async () => {
  const bomb = Buffer.from(written['zeros 3 sync'], 'base64');
  await expect(read(bomb, 500)).rejects.toThrow('could hold far more than 500 bytes');
  expect(await read(bomb, 5_000)).toHaveLength(5_000);
});

it('loads results of a newer Node without zstd in Node or a package', () => {
  const program = `
    const { unpack } = require('${require.resolve('../../../src/encoding/packing')}');
    const { best } = require('${require.resolve('../../../src/encoding/compression/built-in')}');
    const { zstd } = require('${require.resolve('../../../src/encoding/compression/zstd')}');
    const resolve = module.constructor._resolveFilename;
    module.constructor._resolveFilename = function (name, ...rest) {
      if (name === '@mongodb-js/zstd') throw new Error('not installed');
      return resolve.call(this, name, ...rest);
    };
    delete require('node:zlib').zstdCompressSync;
    const bytes = Buffer.from(process.argv[1], 'base64');
    const back = unpack(bytes, { compressor: 'zstd' }, [], 'a', ${plain['rows']!.length});
    try {
      zstd();
    } catch (error) {
      process.stdout.write(best.id + ': ' + Buffer.from(back).toString().slice(0, 14) + ': ' + error.message);
    }`;
  const args = ['-r', 'esbuild-register', '-e', program, written['rows 3 thread']];
  expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toBe(
    'brotli: 0,0,row 0,Berl: zstd is not available; use Node 22.15 or later, or install it with `npm install @mongodb-js/zstd`',
  );
});
