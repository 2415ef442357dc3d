import type { Compression } from '../encoder';
import { CannotDecodeError } from '../errors';

let chosen: Compression | undefined;
const known = new Map<string, Compression>();

/** The best compression that this process can write, chosen on first use. */
export const best: Compression = {
  get id() {
    return choose().id;
  },
  compress: (bytes) => choose().compress(bytes),
  decompress: (bytes, size) => choose().decompress(bytes, size),
};

/**
 * The compression with this id, for decompressing, which needs no level.
 *
 * @throws {CannotDecodeError} when there is none
 */
export function builtInCompression(id: string): Compression {
  const compression = known.get(id) ?? create(id);
  known.set(id, compression);
  return compression;
}

/** Zstd if Node or @mongodb-js/zstd provides it, else brotli at its fastest level. Every supported Node reads both. */
function choose(): Compression {
  if (chosen === undefined) {
    const { hasZstd, zstd } = loadZstd();
    chosen = hasZstd() ? zstd() : brotli();
  }
  return chosen;
}

function create(id: string): Compression {
  switch (id) {
    case 'gzip':
      return (require('./zlib') as typeof import('./zlib')).gzip();
    case 'brotli':
      return brotli();
    case 'zstd': {
      const { hasZstd, zstd } = loadZstd();
      return hasZstd() ? zstd() : (require('./zstd-fallback') as typeof import('./zstd-fallback')).zstdReader;
    }
    default:
      throw new CannotDecodeError(
        `it was compressed with ${id}; give the task or the storage an encoder with that compressor`,
      );
  }
}

/** Loaded on first use, like the others. */
function brotli(): Compression {
  return (require('./zlib') as typeof import('./zlib')).brotli();
}

function loadZstd(): typeof import('./zstd') {
  return require('./zstd') as typeof import('./zstd');
}
