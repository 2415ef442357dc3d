import { requireOptional, requireThatFinds } from '../../base/optional-package';
import { shareClass } from '../../base/shared-state';
import type { Bytes, Compression } from '../encoder';
import { ownBytes } from './zlib-compression';
import { mayHoldMore, refuseFarMore } from './zstd-frame';
import { zstdReader } from './zstd-reader';

/** What is used of the package; its functions take Buffers only. */
interface MongodbZstd {
  compress(bytes: Buffer, level: number): Promise<Buffer>;
  decompress(bytes: Buffer): Promise<Buffer>;
}

const NAME = '@mongodb-js/zstd';

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
    // The package knows no bound: damaged bytes could fill the memory.
    refuseFarMore(bytes, size);
    // The reader in JavaScript writes into memory of the expected size only; it is slower, so only for unusual frames.
    if (size !== undefined && mayHoldMore(bytes, size)) return zstdReader.decompress(bytes, size);
    return ownBytes(await load().decompress(toBuffer(bytes)));
  }
}

function load(): MongodbZstd {
  return requireOptional(NAME) as MongodbZstd;
}

function toBuffer(bytes: Bytes): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
