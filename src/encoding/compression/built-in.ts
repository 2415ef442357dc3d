import type { Compression } from '../encoder';
import { CannotDecodeError } from '../errors';

let chosen: Compression | undefined;
const known = new Map<string, Compression>();

/** The best that this process can write, chosen when something is first compressed. */
export const best: Compression = {
  get id() {
    return choose().id;
  },
  compress: (bytes) => choose().compress(bytes),
  decompress: (bytes, size) => choose().decompress(bytes, size),
};

/**
 * The compressor of this id, to decompress with; levels do not matter for that.
 *
 * @throws {CannotDecodeError} when there is none
 */
export function builtInCompression(id: string): Compression {
  const compression = known.get(id) ?? create(id);
  known.set(id, compression);
  return compression;
}

/** Zstd where Node or @mongodb-js/zstd brings it, else brotli at its fastest level. Every supported Node reads both. */
function choose(): Compression {
  if (chosen === undefined) {
    const { hasZstd, zstd } = zstdFile();
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
      const { hasZstd, zstd } = zstdFile();
      return hasZstd() ? zstd() : (require('./zstd-fallback') as typeof import('./zstd-fallback')).zstdReader;
    }
    default:
      throw new CannotDecodeError(
        `it was compressed with ${id}; give the task or the storage an encoder with that compressor`,
      );
  }
}

// Each is loaded when a result needs it.
function brotli(): Compression {
  return (require('./zlib') as typeof import('./zlib')).brotli();
}

function zstdFile(): typeof import('./zstd') {
  return require('./zstd') as typeof import('./zstd');
}
