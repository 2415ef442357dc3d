import type { Awaitable } from '../../awaitable';
import { shareClass } from '../../base/shared-state';
import type { Bytes, Compression } from '../encoder';

/** The functions of `node:zlib` for one format. */
export interface ZlibCodec {
  readonly compressSync: (bytes: Bytes, options: object) => Buffer;
  readonly compress: (bytes: Bytes, options: object, done: Done) => void;
  readonly decompressSync: (bytes: Bytes, options: object) => Buffer;
  readonly decompress: (bytes: Bytes, options: object, done: Done) => void;
}
type Done = (error: Error | null, result: Buffer) => void;

export interface ZlibSettings {
  readonly id: string;
  readonly codec: () => ZlibCodec;
  /** What `compress` is given, for this many bytes. */
  readonly options: (byteLength: number) => object;
  /** Up to this many bytes compressing takes a few milliseconds at most, and a thread costs more than it saves. */
  readonly syncBytes: number;
}

/** Decompressing is faster than any compressing, and about the same for all levels. */
const SYNC_BYTES = 1024 * 1024;
const MAX_BYTES = 2 ** 32 - 1;
const LEAST_CHUNK = 1024;
const MOST_CHUNK = 2 ** 30;
const CHUNK = 1024 * 1024;

/** A format of `node:zlib`: what is small at once, what is large in a thread. */
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
    const given = { ...options(byteLength), chunkSize: clamp(byteLength, LEAST_CHUNK, CHUNK) };
    if (byteLength <= syncBytes) return ownBytes(codec().compressSync(bytes, given));
    return inThread((done) => codec().compress(bytes, given, done));
  }

  decompress(bytes: Bytes, size?: number): Awaitable<Bytes> {
    const { codec } = this.#settings;
    // What comes out is one piece then, which fills its memory.
    const chunkSize = size === undefined ? CHUNK : clamp(size, LEAST_CHUNK, MOST_CHUNK);
    const given = { chunkSize, maxOutputLength: Math.max(1, size ?? MAX_BYTES) };
    if (size !== undefined && size <= SYNC_BYTES) return ownBytes(codec().decompressSync(bytes, given));
    return inThread((done) => codec().decompress(bytes, given, done));
  }
}

function inThread(start: (done: Done) => void): Promise<Bytes> {
  return new Promise((resolve, reject) => {
    start((error, result) => (error === null ? resolve(ownBytes(result)) : reject(error)));
  });
}

/** Bytes that hold no more memory than they are long. */
export function ownBytes(bytes: Bytes): Bytes {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
