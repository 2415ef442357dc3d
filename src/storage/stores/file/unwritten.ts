import { type BigIntStats, futimesSync } from 'node:fs';

/**
 * Whether an empty file was made and never written: somebody is about to, or was killed just then.
 *
 * Both times are those of making it then, as far as the file system keeps the first one.
 */
export function isUnwritten({ size, birthtimeNs, mtimeNs }: BigIntStats): boolean {
  return size === 0n && birthtimeNs === mtimeNs;
}

/** Tells a file that is to be empty from those: by a time before it was made. */
export function markAsWritten(file: number): void {
  const before = Date.now() / 1000 - 1;
  futimesSync(file, before, before);
}
