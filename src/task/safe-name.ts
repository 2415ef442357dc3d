import { hash } from 'node:crypto';

const longest = 100;
/** What storage puts behind keys: the digest of large bytes, and the mark of a folder. */
const keptEndings = /^\.([0-9a-f]{32}|d)$/;
/** Names that Windows keeps for devices. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * A name as part of a key, which is also a file name: what a file name cannot carry is percent-encoded,
 * what would be too long is cut and gets a hash. Different names stay different.
 *
 * @param name any text with something in it
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
  // ~ occurs nowhere else, so a cut name cannot be taken for a whole one.
  return safe.length > longest ? `${safe.slice(0, 60)}~${hash('sha256', safe, 'hex').slice(0, 16)}` : safe;
}

/** One UTF-16 unit: `%2F`, or `%uD83D` beyond one byte. */
function encode(unit: string): string {
  const code = unit.charCodeAt(0).toString(16).toUpperCase();
  return code.length > 2 ? `%u${code.padStart(4, '0')}` : `%${code.padStart(2, '0')}`;
}
