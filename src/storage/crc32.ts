let loaded: typeof import('node:zlib').crc32 | undefined;

/** CRC-32 of bytes, or of a text in UTF-8, behind those whose CRC-32 is given. Loads `node:zlib` when first called: that takes two milliseconds. */
export function crc32(data: string | Uint8Array, before = 0): number {
  loaded ??= (require('node:zlib') as typeof import('node:zlib')).crc32;
  return loaded(data, before);
}
