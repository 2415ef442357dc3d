import { TidemarkError } from '../../base/error';
import type { Compression } from '../encoder';
import { type CompressorOptions, checkLevel, type ZlibCodec, ZlibCompression } from './zlib';

/** The zstd functions of `node:zlib`, from Node 22.15 on. */
interface ZlibZstd {
  readonly zstdCompress: ZlibCodec['compress'];
  readonly zstdCompressSync?: ZlibCodec['compressSync'];
  readonly zstdDecompress: ZlibCodec['decompress'];
  readonly zstdDecompressSync: ZlibCodec['decompressSync'];
  readonly constants: { readonly ZSTD_c_compressionLevel: number };
}

/**
 * Compresses with zstd, of Node 22.15 and later or of the package @mongodb-js/zstd. Every supported Node reads the
 * output; without the package it does so in JavaScript, 4 to 15 times slower.
 *
 * @param options `level`: from 1, fast, to 22, small and very slow @default 3
 * @throws {TidemarkError} when neither is available
 * @example
 * const archive = encoder({ compressor: zstd({ level: 9 }) });
 */
export function zstd(options: CompressorOptions = {}): Compression {
  const level = checkLevel(options, 'zstd', 1, 22, 3);
  if (!isInNode()) {
    const { PackageZstd, zstdAdvice } = zstdFallback();
    if (!PackageZstd.isInstalled()) throw new TidemarkError(`zstd is not available; ${zstdAdvice}`);
    return new PackageZstd(level);
  }
  return new ZlibCompression({
    id: 'zstd',
    codec: () => {
      const { zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } = zlib();
      return {
        compress: zstdCompress,
        compressSync: zstdCompressSync as ZlibCodec['compressSync'],
        decompress: zstdDecompress,
        decompressSync: zstdDecompressSync,
      };
    },
    options: () => ({ params: { [zlib().constants.ZSTD_c_compressionLevel]: level } }),
    syncBytes: level <= 5 ? 256 * 1024 : level <= 12 ? 32 * 1024 : 0,
  });
}

/** Whether this process can write zstd, and read it fast. */
export function hasZstd(): boolean {
  return isInNode() || zstdFallback().PackageZstd.isInstalled();
}

function isInNode(): boolean {
  return typeof zlib().zstdCompressSync === 'function';
}

function zlib(): ZlibZstd {
  return require('node:zlib') as ZlibZstd;
}

function zstdFallback(): typeof import('./zstd-fallback') {
  return require('./zstd-fallback') as typeof import('./zstd-fallback');
}
