import { createHash } from 'node:crypto';

/** Incompressible bytes, determined by the seed. */
export function noise(size: number, seed = 0): Uint8Array {
  const parts: Buffer[] = [];
  for (let i = 0; i * 32 < size; i++) parts.push(createHash('sha256').update(`${seed} ${i}`).digest());
  return new Uint8Array(Buffer.concat(parts).subarray(0, size));
}

/** Text that compresses to 75 % at best. */
export function noisyText(length: number): string {
  return Buffer.from(noise(length)).toString('base64').slice(0, length);
}
