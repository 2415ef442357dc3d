import { noise } from '../../support/noise';

/** A result that tells which one it is, and whether all of it is there. */
export interface Sealed {
  readonly key: string;
  readonly id: string;
  readonly size: number;
  readonly noise: Uint8Array;
  readonly text: string;
}

const sizes = [10, 1500, 3000, 10_000];

export function sealed(key: string, id: string): Sealed {
  return filled(key, id, sizes[Math.floor(Math.random() * sizes.length)]!);
}

export function isSealed(key: string, value: Sealed): boolean {
  const { noise: bytes, text } = filled(key, value.id, value.size);
  return value.key === key && value.text === text && Buffer.compare(value.noise, bytes) === 0;
}

/** Partly what nothing makes smaller, partly what everything does. */
function filled(key: string, id: string, size: number): Sealed {
  const seed = Number(id.replace(/\D/g, ''));
  return { key, id, size, noise: noise(size, seed), text: `${key} ${id} `.repeat(size / 10) };
}
