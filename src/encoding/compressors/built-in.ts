import { CannotDecodeError } from '../cannot-decode-error';
import type { Compression } from '../encoder';
import { brotli } from './brotli';
import { gzip } from './gzip';
import { hasZstd, zstd } from './zstd';

const made = new Map<string, Compression>();

/**
 * The compressor of this id, to decompress with; levels do not matter for that.
 *
 * @throws {CannotDecodeError} when there is none
 */
export function builtInCompression(id: string): Compression {
  const compression = made.get(id) ?? make(id);
  made.set(id, compression);
  return compression;
}

function make(id: string): Compression {
  switch (id) {
    case 'gzip':
      return gzip();
    case 'brotli':
      return brotli();
    case 'zstd':
      return hasZstd() ? zstd() : (require('./zstd-reader') as typeof import('./zstd-reader')).zstdReader;
    default:
      throw new CannotDecodeError(
        `it was compressed with ${id}; give the task or the storage an encoder with that compressor`,
      );
  }
}
