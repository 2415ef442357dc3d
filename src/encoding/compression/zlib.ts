import type { Awaitable } from '../../base/awaitable';
import { type Allowed, checkOptions } from '../../base/check-options';
import { shareClass } from '../../base/shared-state';
import type { Bytes, Compression } from '../encoder';

/**
 * Compresses with gzip.
 *
 * @param options `level`: from 1, fast, to 9, small @default 6
 * @example
 * const archive = encoder({ compressor: gzip({ level: 9 }) });
 */
export function gzip(options: CompressorOptions = {}): Compression {
  const level = checkLevel(options, 'gzip', 1, 9, 6);
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

/**
 * Compresses with brotli.
 *
 * @param options `level`: from 0, fast, to 11, small and very slow @default 1
 * @example
 * const archive = encoder({ compressor: brotli({ level: 9 }) });
 */
export function brotli(options: CompressorOptions = {}): Compression {
  const level = checkLevel(options, 'brotli', 0, 11, 1);
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

/** Options of a compressor. */
export interface CompressorOptions {
  /** From fast to small. */
  readonly level?: number;
}

/** @throws {TidemarkError} for an unknown level or option */
export function checkLevel(
  options: CompressorOptions,
  name: string,
  min: number,
  max: number,
  defaultLevel: number,
): number {
  const levels: Allowed = {
    includes: (level) => Number.isInteger(level) && level >= min && level <= max,
    text: `a whole number from ${min} to ${max}`,
  };
  checkOptions(options, { level: levels }, name);
  return options.level ?? defaultLevel;
}

/** The functions of `node:zlib` for one format. */
export interface ZlibCodec {
  readonly compressSync: (bytes: Bytes, options: object) => Buffer;
  readonly compress: (bytes: Bytes, options: object, done: Done) => void;
  readonly decompressSync: (bytes: Bytes, options: object) => Buffer;
  readonly decompress: (bytes: Bytes, options: object, done: Done) => void;
}
type Done = (error: Error | null, result: Buffer) => void;

interface ZlibSettings {
  readonly id: string;
  readonly codec: () => ZlibCodec;
  /** The options of `compress` for a number of bytes. */
  readonly options: (byteLength: number) => object;
  /** Size up to which compressing takes a few milliseconds at most, less than a thread costs. */
  readonly syncBytes: number;
}

/** Size up to which decompressing is synchronous: it is faster than compressing, at every level. */
const syncDecompressBytes = 1024 * 1024;
const maxBytes = 2 ** 32 - 1;
const minChunk = 1024;
const maxChunk = 2 ** 30;
const defaultChunk = 1024 * 1024;

/** A format of `node:zlib`: small bytes synchronously, large ones in a thread. */
export class ZlibCompression implements Compression {
  static {
    shareClass(ZlibCompression, 'ZlibCompression');
  }

  readonly id: string;
  readonly #settings: ZlibSettings;

  constructor(settings: ZlibSettings) {
    this.id = settings.id;
    this.#settings = settings;
  }

  compress(bytes: Bytes): Awaitable<Bytes> {
    const { codec, options, syncBytes } = this.#settings;
    const { byteLength } = bytes;
    const zlibOptions = { ...options(byteLength), chunkSize: clamp(byteLength, minChunk, defaultChunk) };
    if (byteLength <= syncBytes) return compactBytes(codec().compressSync(bytes, zlibOptions));
    return inThread((done) => codec().compress(bytes, zlibOptions, done));
  }

  decompress(bytes: Bytes, size?: number): Awaitable<Bytes> {
    const { codec } = this.#settings;
    // One chunk for the whole output fills its memory.
    const chunkSize = size === undefined ? defaultChunk : clamp(size, minChunk, maxChunk);
    const zlibOptions = { chunkSize, maxOutputLength: Math.max(1, size ?? maxBytes) };
    if (size !== undefined && size <= syncDecompressBytes)
      return compactBytes(codec().decompressSync(bytes, zlibOptions));
    return inThread((done) => codec().decompress(bytes, zlibOptions, done));
  }
}

function inThread(start: (done: Done) => void): Promise<Bytes> {
  return new Promise((resolve, reject) => {
    start((error, result) => (error === null ? resolve(compactBytes(result)) : reject(error)));
  });
}

/** The bytes, copied if they keep more memory than they need. */
export function compactBytes(bytes: Bytes): Bytes {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}
