import type { Bytes, Compression } from '../encoder';
import { ownBytes } from './zlib-compression';
import { refuseFarMore, zstdCure } from './zstd-frame';

/** What is used of the package; its own declarations want memory that is not shared. */
interface Fzstd {
  decompress(bytes: Bytes, into?: Bytes): Bytes;
}

/** The package counts bytes in 31 bits. */
const MOST_BYTES = 2 ** 31 - 1;

/**
 * Reads zstd in JavaScript, where neither Node nor @mongodb-js/zstd can: other machines write it by default.
 *
 * Given a size, it gives as many bytes whatever the frame holds; that it held more or fewer is found by the digest.
 */
export const zstdReader: Compression = {
  id: 'zstd',
  compress(): never {
    throw new Error(`zstd cannot be written here; ${zstdCure}`);
  },
  decompress(bytes, size) {
    if (size !== undefined && size > MOST_BYTES) throw new Error(`zstd cannot be read here from 2 GiB on; ${zstdCure}`);
    refuseFarMore(bytes, size);
    const { decompress } = require('fzstd') as Fzstd;
    return ownBytes(size === undefined ? decompress(bytes) : decompress(bytes, new Uint8Array(size)));
  },
};
