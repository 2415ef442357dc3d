import { describeError } from '../base/describe-error';
import { userPath } from '../base/user-path';
import { StorageError } from './storage-error';

/** What the URI of a storage consists of. */
export interface StorageUri {
  /** Empty when it has none. */
  readonly scheme: string;
  /** What follows the scheme and the colon, without `readonly`. */
  readonly rest: string;
  /** The URI without `readonly`. */
  readonly uri: string;
  /** What its `?readonly=` says; undefined when it has none. */
  readonly isReadonly: boolean | undefined;
}

/** Those whose part behind the scheme is a path on this machine. */
const paths = new Set(['file', 'lmdb', 'sqlite']);
/** The options at the end of a path: with a slash behind it, a question mark is part of a name. */
const optionsOfPath = /^(.*)\?(\w+(?:=[^?/\\&]*)?(?:&\w+(?:=[^?/\\&]*)?)*)$/s;
const optionsOfOthers = /^([^?]*)\?([^#]*)/s;

/** Takes the URI of a storage apart. @throws {StorageError} for a `readonly` that is neither true nor false */
export function parseUri(uri: string): StorageUri {
  const [, scheme = '', whole = ''] = /^([a-z][a-z0-9+.-]+):(.*)$/s.exec(uri) ?? [];
  const [, rest, query] = (paths.has(scheme) ? optionsOfPath : optionsOfOthers).exec(whole) ?? [];
  if (rest === undefined) return { scheme, rest: whole, uri, isReadonly: undefined };
  const options = query!.split('&');
  const isOwn = (option: string) => /^readonly(?:=|$)/.test(option);
  const own = options.filter(isOwn);
  if (own.length === 0) return { scheme, rest: whole, uri, isReadonly: undefined };
  const others = options.filter((option) => !isOwn(option));
  const kept = `${rest}${others.length > 0 ? `?${others.join('&')}` : ''}${whole.slice(rest.length + 1 + query!.length)}`;
  return { scheme, rest: kept, uri: `${scheme}:${kept}`, isReadonly: readonlyOf(scheme, own) };
}

function readonlyOf(scheme: string, [option = '', ...more]: readonly string[]): boolean {
  if (more.length === 0 && /^readonly(?:=true)?$/.test(option)) return true;
  if (more.length === 0 && option === 'readonly=false') return false;
  throw new StorageError(
    `the URI of the ${scheme} storage has ?${[option, ...more].join('&')}; write ?readonly=true or ?readonly=false, once`,
    { operation: 'open' },
  );
}

/**
 * The folder in a URI `file:PATH`, `file:///PATH`, or the same with `lmdb`.
 *
 * @throws {StorageError} when it names none, or one that might not be meant
 */
export function folderIn({ scheme, rest }: StorageUri): string {
  const refuse = (problem: string, cause?: unknown): never => {
    throw new StorageError(`'${scheme}:${rest}' cannot be opened: ${problem}`, { operation: 'open', cause });
  };
  if (/^(?:\/\/)?$/.test(rest)) refuse(`it names no folder; write '${scheme}:.tidemark'`);
  const [, , options] = optionsOfPath.exec(rest) ?? [];
  if (options !== undefined)
    refuse(`it has ?${options}, where only ?readonly= is known; write a / behind a folder that is called so`);
  const [, host, path] = /^\/\/([^/]*)(.*)$/s.exec(rest) ?? [];
  if (host === undefined) return pathOrRefuse(rest, refuse);
  if (host !== '' && host !== 'localhost')
    refuse(
      `'${host}' stands where a host is named; write '${scheme}:./${rest.slice(2)}' for a folder in the working folder, or '${scheme}:///${rest.slice(2)}' for one at the root of the disk`,
    );
  if (path === '' || path === '/') refuse(`it names no folder; write '${scheme}:.tidemark'`);
  if (/%[0-9a-f]{2}/i.test(path!))
    refuse(
      `paths are taken as they are written, and this one holds what stands for another character in URLs; write '${scheme}:${decoded(path!)}', or '${scheme}:${path}' if the name has a % in it`,
    );
  return pathOrRefuse(path!, refuse);
}

function pathOrRefuse(path: string, refuse: (problem: string, cause: unknown) => never): string {
  try {
    return userPath(path);
  } catch (error) {
    return refuse(describeError(error), error);
  }
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path.replaceAll(/%20/g, ' ');
  }
}
