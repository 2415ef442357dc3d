import { requireOptional, requireThatFinds } from '../../base/optional-package';
import { shareClass } from '../../base/shared-state';
import type { Bytes, Compression } from '../encoder';
import { ownBytes } from './zlib-compression';
import { BLOCK_BYTES, mostBytesOf } from './zstd-frame';

/** What is used of the package; its functions take Buffers only. */
interface MongodbZstd {
  compress(bytes: Buffer, level: number): Promise<Buffer>;
  decompress(bytes: Buffer): Promise<Buffer>;
}

const NAME = '@mongodb-js/zstd';
/** An encoder may divide what one block could hold into as many. */
const MOST_BLOCKS = 256;

/** zstd of the package @mongodb-js/zstd, for versions of Node that have none; always in a thread. */
export class PackageZstd implements Compression {
  static {
    shareClass(PackageZstd, 'PackageZstd');
  }

  readonly id = 'zstd';

  constructor(private readonly level: number) {}

  static isInstalled(): boolean {
    try {
      requireThatFinds(NAME);
      return true;
    } catch {
      return false;
    }
  }

  async compress(bytes: Bytes): Promise<Bytes> {
    return ownBytes(await load().compress(toBuffer(bytes), this.level));
  }

  async decompress(bytes: Bytes, size?: number): Promise<Bytes> {
    const buffer = toBuffer(bytes);
    // The package knows no bound: damaged bytes could fill the memory.
    if (size !== undefined && mostBytesOf(buffer) > size * MOST_BLOCKS + BLOCK_BYTES)
      throw new Error(`The bytes could hold far more than ${size} bytes.`);
    return ownBytes(await load().decompress(buffer));
  }
}

function load(): MongodbZstd {
  return requireOptional(NAME) as MongodbZstd;
}

function toBuffer(bytes: Bytes): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
