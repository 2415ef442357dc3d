import { createHash } from 'node:crypto';

const SEAL = 32;

/** Bytes that differ by `seed`, the first 32 being the checksum of the others: a mixture or a part of such values is none. */
export function sealed(seed: number, size: number): Uint8Array {
  const value = Buffer.alloc(size, `${seed};`);
  value.set(sealOf(value.subarray(SEAL)));
  return new Uint8Array(value.buffer, value.byteOffset, size);
}

export function isWhole(value: unknown): boolean {
  if (!(value instanceof Uint8Array) || value.length < SEAL) return false;
  return sealOf(value.subarray(SEAL)).equals(value.subarray(0, SEAL));
}

function sealOf(body: Uint8Array): Buffer {
  return createHash('sha256').update(body).digest();
}
