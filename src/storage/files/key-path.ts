import { createHash } from 'node:crypto';
import { StorageError, type StorageOperation } from '../errors';

/** The common key: one folder, and a name that is used as the file name. */
const PLAIN = /^[A-Za-z0-9_~%@-][A-Za-z0-9._~%@-]{0,199}\/[a-z0-9_~%@-][a-z0-9._~%@-]{0,199}$/;
/** A name that is used as the file name. */
const PLAIN_NAME = /^[a-z0-9_~%@-][a-z0-9._~%@-]{0,199}$/;
const SEGMENT = /^[A-Za-z0-9._~%@-]+$/;
const LONGEST_SEGMENT = 200;
/** Separates a name from what is added to it; no key contains it. */
const MARK = '+';

/** The folder of a key, and the path of its file in that folder. */
interface KeyPath {
  readonly folder: string;
  readonly path: string;
}

/** @throws {StorageError} when the key is not `Folder/name` or `Folder/middle/name`, or could leave the store's folder. */
export function keyPath(key: string, operation: StorageOperation): KeyPath {
  const slash = key.indexOf('/');
  if (PLAIN.test(key)) return { folder: key.slice(0, slash), path: key.slice(slash + 1) };
  const segments = key.split('/');
  const wrong = faultOf(segments);
  if (wrong !== undefined)
    throw new StorageError(`${JSON.stringify(key)} cannot be kept as a file: ${wrong}`, { operation, key });
  const [folder = '', ...names] = segments;
  return { folder, path: names.map(fileName).join('/') };
}

function faultOf(segments: readonly string[]): string | undefined {
  if (segments.length < 2 || segments.length > 3) return 'a key has one or two "/".';
  for (const segment of segments) {
    if (segment === '') return 'the part before or after a "/" is empty.';
    if (/^\.\.?$/.test(segment)) return `"${segment}" could lead out of the folder.`;
    if (segment.length > LONGEST_SEGMENT)
      return `a part of it is longer than ${LONGEST_SEGMENT} characters. Shorten it with a hash.`;
    if (!SEGMENT.test(segment)) return 'only letters, digits and ._~%@- may be in it. Percent-encode the others.';
  }
  return undefined;
}

/** A file name for a part of a key, unique even on disks that do not distinguish `A` from `a`. */
export function fileName(segment: string): string {
  return /[A-Z]/.test(segment) ? hashedName(segment) : plainName(segment);
}

/** The name itself; but names that begin with a dot are used for other files (`.tmp`, `.gitignore`). */
export function plainName(segment: string): string {
  return /^\./.test(segment) ? MARK + segment : segment;
}

/** The name, with a hash that distinguishes it from names that differ in case only. */
export function hashedName(segment: string): string {
  return `${plainName(segment)}${MARK}${createHash('sha256').update(segment).digest('hex').slice(0, 8)}`;
}

/** The part of a key with this plain or hashed name; undefined for names that this store did not make. */
export function segmentOf(name: string): string | undefined {
  if (PLAIN_NAME.test(name)) return name;
  const hashed = /^(.+)\+[0-9a-f]{8}$/.exec(name)?.[1];
  const plain = hashed ?? name;
  const segment = plain.startsWith(`${MARK}.`) ? plain.slice(1) : plain;
  // The hash is computed only if the name has one: the first hash of a process takes milliseconds.
  const own = hashed === undefined ? plainName(segment) : hashedName(segment);
  return own === name && faultOf([segment, segment]) === undefined ? segment : undefined;
}
