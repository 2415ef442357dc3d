import type { Bytes } from '../encoder';

/** The advice in messages about missing zstd. */
export const zstdCure = 'use Node 22.15 or later, or install it with `npm install @mongodb-js/zstd`';

const MAGIC = 0xfd2fb528;
/** No block holds more than this, whatever it is compressed to. */
const BLOCK_BYTES = 128 * 1024;
/** An encoder may divide what one block could hold into as many. */
const MOST_BLOCKS = 256;
const BLOCK_HEADER_BYTES = 3;
const RUN = 1;
const COMPRESSED = 2;

/** A usual frame holds no more than so many times its size, as far as its headers tell. */
const USUAL_BLOCKS = 4;

/** Whether a zstd frame could decompress to more than a small multiple of a size. @throws {Error} for another format */
export function mayHoldMore({ buffer, byteOffset, byteLength }: Bytes, size: number): boolean {
  return mostBytesOf(Buffer.from(buffer, byteOffset, byteLength)) > size * USUAL_BLOCKS + BLOCK_BYTES;
}

/** @throws {Error} when the bytes are not a zstd frame, or could hold far more than they should */
export function refuseFarMore({ buffer, byteOffset, byteLength }: Bytes, size: number | undefined): void {
  if (size !== undefined && mostBytesOf(Buffer.from(buffer, byteOffset, byteLength)) > size * MOST_BLOCKS + BLOCK_BYTES)
    throw new Error(`The bytes could hold far more than ${size} bytes.`);
}

/**
 * The most bytes that can come out of a zstd frame, by the headers of its blocks (RFC 8878, 3.1.1).
 *
 * @throws {Error} when it is no frame, or not just one
 */
function mostBytesOf(frame: Buffer): number {
  let at = headerLength(frame);
  let most = 0;
  for (let isLast = false; !isLast; ) {
    if (at + BLOCK_HEADER_BYTES > frame.length) throw new Error('The zstd frame is cut short.');
    const header = frame.readUIntLE(at, BLOCK_HEADER_BYTES);
    isLast = (header & 1) !== 0;
    const type = (header >> 1) & 3;
    const size = header >> 3;
    most += type === COMPRESSED ? BLOCK_BYTES : size;
    at += BLOCK_HEADER_BYTES + (type === RUN ? 1 : size);
  }
  const hasChecksum = (frame.readUInt8(4) & 4) !== 0;
  if (at + (hasChecksum ? 4 : 0) !== frame.length) throw new Error('The zstd frame does not end where the bytes do.');
  return most;
}

function headerLength(frame: Buffer): number {
  if (frame.length < 6 || frame.readUInt32LE(0) !== MAGIC) throw new Error('The bytes are no zstd frame.');
  const descriptor = frame.readUInt8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
  return 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes;
}
