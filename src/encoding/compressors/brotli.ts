import type { Compression } from '../encoder';
import { type CompressorOptions, levelOf } from './level';
import { ZlibCompression } from './zlib-compression';

/**
 * Compresses with brotli.
 *
 * @param options `level`: from 0, fast, to 11, small and very slow @default 1
 * @example
 * const archive = encoder({ compressor: brotli({ level: 9 }) });
 */
export function brotli(options: CompressorOptions = {}): Compression {
  const level = levelOf(options, 'brotli', 0, 11, 1);
  const zlib = () => require('node:zlib') as typeof import('node:zlib');
  return new ZlibCompression({
    id: 'brotli',
    codec: () => {
      const { brotliCompress, brotliCompressSync, brotliDecompress, brotliDecompressSync } = zlib();
      return {
        compress: brotliCompress,
        compressSync: brotliCompressSync,
        decompress: brotliDecompress,
        decompressSync: brotliDecompressSync,
      };
    },
    options: (byteLength) => {
      const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = zlib().constants;
      return { params: { [BROTLI_PARAM_QUALITY]: level, [BROTLI_PARAM_SIZE_HINT]: Math.min(byteLength, 2 ** 30) } };
    },
    syncBytes: level <= 4 ? 256 * 1024 : level <= 9 ? 32 * 1024 : 0,
  });
}
