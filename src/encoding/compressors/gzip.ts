import type { Compression } from '../encoder';
import { type CompressorOptions, levelOf } from './level';
import { ZlibCompression } from './zlib-compression';

/**
 * Compresses with gzip.
 *
 * @param options `level`: from 1, fast, to 9, small @default 6
 * @example
 * const archive = encoder({ compressor: gzip({ level: 9 }) });
 */
export function gzip(options: CompressorOptions = {}): Compression {
  const level = levelOf(options, 'gzip', 1, 9, 6);
  return new ZlibCompression({
    id: 'gzip',
    codec: () => {
      const { gzip, gzipSync, gunzip, gunzipSync } = require('node:zlib') as typeof import('node:zlib');
      return { compress: gzip, compressSync: gzipSync, decompress: gunzip, decompressSync: gunzipSync };
    },
    options: () => ({ level }),
    syncBytes: 128 * 1024,
  });
}
