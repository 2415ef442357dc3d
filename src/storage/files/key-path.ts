import { createHash } from 'node:crypto';
import { StorageError, type StorageOperation } from '../errors';

/** The common key: one folder, and a name that is its own file name. */
const PLAIN = /^[A-Za-z0-9_~%@-][A-Za-z0-9._~%@-]{0,199}\/[a-z0-9_~%@-][a-z0-9._~%@-]{0,199}$/;
/** A name that stands for itself. */
const PLAIN_NAME = /^[a-z0-9_~%@-][a-z0-9._~%@-]{0,199}$/;
const SEGMENT = /^[A-Za-z0-9._~%@-]+$/;
const LONGEST_SEGMENT = 200;
/** Stands before what is added to a name; no key has it. */
const MARK = '+';

/** A key, as the folder it is in and the path of its file in there. */
export interface KeyPath {
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

/** The name of a file, different from all others even where the disk takes `A` and `a` for the same. */
export function fileName(segment: string): string {
  return /[A-Z]/.test(segment) ? hashedName(segment) : plainName(segment);
}

/** The name as it is; except that names which begin with a dot are not ours (`.tmp`, `.gitignore`). */
export function plainName(segment: string): string {
  return /^\./.test(segment) ? MARK + segment : segment;
}

/** The name, and a hash that tells it from one that differs in case only. */
export function hashedName(segment: string): string {
  return `${plainName(segment)}${MARK}${createHash('sha256').update(segment).digest('hex').slice(0, 8)}`;
}

/** The segment whose plain or hashed name this is; undefined when this store did not give that name. */
export function segmentOf(name: string): string | undefined {
  if (PLAIN_NAME.test(name)) return name;
  const hashed = /^(.+)\+[0-9a-f]{8}$/.exec(name)?.[1];
  const plain = hashed ?? name;
  const segment = plain.startsWith(`${MARK}.`) ? plain.slice(1) : plain;
  // A name's hash is looked at only when there is one: the first hash of a process takes milliseconds.
  const own = hashed === undefined ? plainName(segment) : hashedName(segment);
  return own === name && faultOf([segment, segment]) === undefined ? segment : undefined;
}
