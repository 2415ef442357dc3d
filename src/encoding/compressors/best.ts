import type { Compression } from '../encoder';

let chosen: Compression | undefined;

/**
 * The best that this process can write: zstd where Node or @mongodb-js/zstd brings it, else brotli at its fastest level.
 * Every supported Node reads both.
 */
function choose(): Compression {
  if (chosen === undefined) {
    const { hasZstd, zstd } = require('./zstd') as typeof import('./zstd');
    const { brotli } = require('./brotli') as typeof import('./brotli');
    chosen = hasZstd() ? zstd() : brotli();
  }
  return chosen;
}

/** Chosen when something is first compressed. */
export const best: Compression = {
  get id() {
    return choose().id;
  },
  compress: (bytes) => choose().compress(bytes),
  decompress: (bytes, size) => choose().decompress(bytes, size),
};
