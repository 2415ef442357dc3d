import { hash } from 'node:crypto';

const longest = 100;
/** Suffixes that storage appends to keys: the digest of large bytes, and the mark of a folder. */
const keptEndings = /^\.([0-9a-f]{32}|d)$/;
/** Names that Windows reserves for devices. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * A name as part of a key, which is also a file name: characters that file names do not allow are percent-encoded, and
 * a long name is cut and gets a hash. Different names stay different.
 *
 * @param name any text but the empty one
 */
export function safeName(name: string): string {
  let safe = '';
  for (let i = 0; i < name.length; i++) {
    const unit = name[i]!;
    const isPlain =
      /[\w-]/.test(unit) || (unit === '.' && i > 0 && i < name.length - 1 && !keptEndings.test(name.slice(i)));
    safe += isPlain ? unit : encode(unit);
  }
  if (reserved.test(safe)) safe = encode(safe[0]!) + safe.slice(1);
  // ~ occurs nowhere else, so a cut name differs from all whole ones.
  return safe.length > longest ? `${safe.slice(0, 60)}~${hash('sha256', safe, 'hex').slice(0, 16)}` : safe;
}

/** One UTF-16 unit: `%2F`, or `%uD83D` beyond one byte. */
function encode(unit: string): string {
  const code = unit.charCodeAt(0).toString(16).toUpperCase();
  return code.length > 2 ? `%u${code.padStart(4, '0')}` : `%${code.padStart(2, '0')}`;
}
