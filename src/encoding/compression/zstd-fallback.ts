import { requireOptional, requireThatFinds } from '../../base/optional-package';
import { shareClass } from '../../base/shared-state';
import type { Bytes, Compression } from '../encoder';
import { compactBytes } from './zlib';

/** The used part of the package; its functions accept only Buffers. */
interface MongodbZstd {
  compress(bytes: Buffer, level: number): Promise<Buffer>;
  decompress(bytes: Buffer): Promise<Buffer>;
}

const packageName = '@mongodb-js/zstd';

/** Zstd of the package @mongodb-js/zstd, for versions of Node without it; always in a thread. */
export class PackageZstd implements Compression {
  static {
    shareClass(PackageZstd, 'PackageZstd');
  }

  readonly id = 'zstd';
  readonly #level: number;

  constructor(level: number) {
    this.#level = level;
  }

  static isInstalled(): boolean {
    try {
      requireThatFinds(packageName);
      return true;
    } catch {
      return false;
    }
  }

  async compress(bytes: Bytes): Promise<Bytes> {
    return compactBytes(await loadPackage().compress(toBuffer(bytes), this.#level));
  }

  async decompress(bytes: Bytes, size?: number): Promise<Bytes> {
    // The package has no limit: damaged bytes could fill the memory.
    assertPlausibleSize(bytes, size);
    // The reader in JavaScript writes only into memory of the expected size; it is slower, so only unusual frames use it.
    if (size !== undefined && mayExceed(bytes, size)) return zstdReader.decompress(bytes, size);
    return compactBytes(await loadPackage().decompress(toBuffer(bytes)));
  }
}

function loadPackage(): MongodbZstd {
  return requireOptional(packageName) as MongodbZstd;
}

function toBuffer(bytes: Bytes): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The used part of the package; its own declarations require memory that is not shared. */
interface Fzstd {
  decompress(bytes: Bytes, into?: Bytes): Bytes;
}

/** The package counts bytes with 31 bits. */
const maxBytes = 2 ** 31 - 1;

/**
 * Reads zstd in JavaScript where neither Node nor @mongodb-js/zstd can, since other machines write it by default.
 *
 * With a size, it returns that many bytes whatever the frame contains; the digest shows when there were more or fewer.
 */
export const zstdReader: Compression = {
  id: 'zstd',
  compress(): never {
    throw new Error(`zstd cannot be written here; ${zstdAdvice}`);
  },
  decompress(bytes, size) {
    if (size !== undefined && size > maxBytes)
      throw new Error(`zstd of 2 GiB or more cannot be read here; ${zstdAdvice}`);
    assertPlausibleSize(bytes, size);
    const { decompress } = require('fzstd') as Fzstd;
    return compactBytes(size === undefined ? decompress(bytes) : decompress(bytes, new Uint8Array(size)));
  },
};

/** The advice in messages about missing zstd. */
export const zstdAdvice = 'use Node 22.15 or later, or install it with `npm install @mongodb-js/zstd`';

const magic = 0xfd2fb528;
/** The most bytes that a block can decompress to. */
const blockBytes = 128 * 1024;
/** The number of blocks into which an encoder may divide the bytes of one. */
const maxBlocks = 256;
const blockHeaderBytes = 3;
const runBlock = 1;
const compressedBlock = 2;

/** The headers of a typical frame allow at most this many times its real size. */
const typicalBlocks = 4;

/** Whether a zstd frame could decompress to more than a small multiple of a size. @throws {Error} for another format */
function mayExceed({ buffer, byteOffset, byteLength }: Bytes, size: number): boolean {
  return maxOutputBytes(Buffer.from(buffer, byteOffset, byteLength)) > size * typicalBlocks + blockBytes;
}

/** @throws {Error} when the bytes are not a zstd frame, or could decompress to far more than the size */
function assertPlausibleSize({ buffer, byteOffset, byteLength }: Bytes, size: number | undefined): void {
  if (size !== undefined && maxOutputBytes(Buffer.from(buffer, byteOffset, byteLength)) > size * maxBlocks + blockBytes)
    throw new Error(`The bytes could hold far more than ${size} bytes.`);
}

/**
 * The most bytes that a zstd frame can decompress to, by the headers of its blocks (RFC 8878, 3.1.1).
 *
 * @throws {Error} when the bytes are not exactly one frame
 */
function maxOutputBytes(frame: Buffer): number {
  let at = headerLength(frame);
  let most = 0;
  for (let isLast = false; !isLast; ) {
    if (at + blockHeaderBytes > frame.length) throw new Error('The zstd frame is truncated.');
    const header = frame.readUIntLE(at, blockHeaderBytes);
    isLast = (header & 1) !== 0;
    const type = (header >> 1) & 3;
    const size = header >> 3;
    most += type === compressedBlock ? blockBytes : size;
    at += blockHeaderBytes + (type === runBlock ? 1 : size);
  }
  const hasChecksum = (frame.readUInt8(4) & 4) !== 0;
  if (at + (hasChecksum ? 4 : 0) !== frame.length) throw new Error('The zstd frame does not end where the bytes do.');
  return most;
}

function headerLength(frame: Buffer): number {
  if (frame.length < 6 || frame.readUInt32LE(0) !== magic) throw new Error('The bytes are not a zstd frame.');
  const descriptor = frame.readUInt8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
  return 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes;
}
