import { types } from 'node:util';
import { describeError } from '../base/describe-error';
import { userPath } from '../base/user-path';
import { StorageError } from './errors';
import type { StoreAdapter } from './store';

/** The parts of a storage URI. */
interface StorageUri {
  /** Empty if there is none. */
  readonly scheme: string;
  /** The part after the scheme and the colon, without `readonly`. */
  readonly rest: string;
  /** The URI without `readonly`. */
  readonly uri: string;
  /** The value of `?readonly=`; undefined if it is absent. */
  readonly isReadonly: boolean | undefined;
}

/** The schemes with a path on this machine. */
const paths = new Set(['file', 'lmdb', 'sqlite']);
/** The options after a path. Before a slash, a question mark is part of a name. */
const optionsOfPath = /^(.*)\?(\w+(?:=[^?/\\&]*)?(?:&\w+(?:=[^?/\\&]*)?)*)$/s;
const optionsOfOthers = /^([^?]*)\?([^#]*)/s;

/** Parses the URI of a storage. @throws {StorageError} for a `readonly` that is neither true nor false */
function parseStorageUri(uri: string): StorageUri {
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
 * The folder of a URI `file:PATH` or `file:///PATH`, or the same with `lmdb`.
 *
 * @throws {StorageError} when it names no folder, or possibly another one than intended
 */
function folderOf({ scheme, rest }: StorageUri): string {
  const refuse = (problem: string, cause?: unknown): never => {
    throw new StorageError(`'${scheme}:${rest}' cannot be opened: ${problem}`, { operation: 'open', cause });
  };
  if (/^(?:\/\/)?$/.test(rest)) refuse(`it names no folder; write '${scheme}:.tidemark'`);
  const [, , options] = optionsOfPath.exec(rest) ?? [];
  if (options !== undefined)
    refuse(`it has ?${options}, but only ?readonly= is supported; append a / if that is the name of the folder`);
  const [, host, path] = /^\/\/([^/]*)(.*)$/s.exec(rest) ?? [];
  if (host === undefined) return pathOrRefuse(rest, refuse);
  if (host !== '' && host !== 'localhost')
    refuse(
      `'${host}' is in the place of a host; write '${scheme}:./${rest.slice(2)}' for a folder in the working folder, or '${scheme}:///${rest.slice(2)}' for one at the root of the disk`,
    );
  if (path === '' || path === '/') refuse(`it names no folder; write '${scheme}:.tidemark'`);
  if (/%[0-9a-f]{2}/i.test(path!))
    refuse(
      `a path is used as written, and this one contains a URL escape; write '${scheme}:${decoded(path!)}', or '${scheme}:${path}' if the name has a % in it`,
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

/** The sources of a storage: a URI, a `Map`, a Keyv store adapter, or a `Keyv` with one. */
export type StorageSource =
  | string
  | Map<string, any>
  | StoreAdapter
  | { readonly store: StoreAdapter | Map<string, any> };

/** An opened store, and its names. */
export interface OpenedStore {
  readonly store: StoreAdapter;
  /** The name in messages. */
  readonly location: string;
  /** The store is only read. */
  readonly isReadonly: boolean;
  /** Identifies the store in any process that opens it; undefined if only this process can use it. */
  readonly address?: string | undefined;
}

/**
 * Opens the store that a source names.
 *
 * @param isReadonly undefined to leave it to the URI
 * @throws {StorageError} when the source is not a storage, or has an option that cannot be honoured
 */
export function openStore(source: StorageSource, isReadonly?: boolean): OpenedStore {
  if (typeof source === 'string') return addressed(openUri(source, isReadonly));
  if (types.isMap(source)) return { store: memoryStore(source), location: 'a Map', isReadonly: isReadonly === true };
  if (typeof source === 'object' && source !== null) {
    // The store of a Keyv is used directly, since `get()` of a Keyv cannot carry bytes.
    if ('store' in source && typeof source.store === 'object') {
      refuseUnused(source, 'a Keyv');
      return openStore(source.store, isReadonly);
    }
    if (isStore(source)) {
      const location = nameOf(source) ?? 'a store';
      refuseUnused(source, location);
      return { store: wrapped(source), location, isReadonly: isReadonly === true };
    }
  }
  throw new StorageError(
    `${describeSource(source)} is not a storage; pass a URI such as 'file:.tidemark', a Map, or a Keyv store adapter`,
    { operation: 'open' },
  );
}

/** Adds the address, unless the store is in the memory of this process. */
function addressed(opened: OpenedStore): OpenedStore {
  return opened.location === 'memory' ? opened : { ...opened, address: opened.location };
}

function openUri(given: string, asked: boolean | undefined): OpenedStore {
  const parsed = parseStorageUri(given);
  if (asked === false && parsed.isReadonly)
    return refuse(`'${parsed.scheme}:' is opened with { readonly: false }, but its URI says ?readonly=true; say one`);
  const isReadonly = asked ?? parsed.isReadonly ?? false;
  const { scheme, rest, uri } = parsed;
  switch (scheme) {
    case 'memory': {
      if (rest !== '')
        return refuse(`'memory:${rest}' cannot be opened: 'memory:' takes no name, since each one is new`);
      return { store: memoryStore(), location: 'memory', isReadonly };
    }
    case 'file': {
      const { FileStore } = require('./stores/file/file-store') as typeof import('./stores/file/file-store');
      const folder = folderOf(parsed);
      return { store: new FileStore(folder), location: folder, isReadonly };
    }
    case 'lmdb': {
      const { LmdbStore } = require('./stores/lmdb/lmdb-store') as typeof import('./stores/lmdb/lmdb-store');
      const folder = folderOf(parsed);
      return { store: new LmdbStore(folder, { isReadonly }), location: folder, isReadonly };
    }
    case 'redis':
    case 'rediss':
    case 'redis+unix':
    case 'rediss+unix':
    case 'unix': {
      const { RedisStore } = require('./stores/redis/redis-store') as typeof import('./stores/redis/redis-store');
      const store = new RedisStore(uri);
      return { store, location: store.location, isReadonly };
    }
    default: {
      const { openKeyvUri } = require('./stores/keyv/open-uri') as typeof import('./stores/keyv/open-uri');
      return { ...openKeyvUri(uri, ownUris, isReadonly), isReadonly };
    }
  }
}

const ownUris = ['memory:', 'file:PATH', 'lmdb:PATH', 'redis://HOST'];

function memoryStore(entries?: Map<string, any>): StoreAdapter {
  const { MemoryStore } = require('./stores/memory') as typeof import('./stores/memory');
  return new MemoryStore(entries);
}

/** Keyv adapters differ in the values they hold and in how they fail; a store made for Tidemark is used directly. */
function wrapped(source: StoreAdapter): StoreAdapter {
  const { wrapAdapter } = require('./stores/keyv/keyv-store') as typeof import('./stores/keyv/keyv-store');
  return wrapAdapter(source);
}

function refuse(problem: string): never {
  throw new StorageError(problem, { operation: 'open' });
}

/** Refuses options of a Keyv that would have no effect, since its store is used directly. */
function refuseUnused(source: object, name: string): void {
  const { checkKeyvOptions } = require('./stores/keyv/adapter') as typeof import('./stores/keyv/adapter');
  checkKeyvOptions(source, name);
}

function isStore(source: object): source is StoreAdapter {
  return ['get', 'set', 'delete', 'clear'].every((method) => typeof (source as any)[method] === 'function');
}

/** The class name of a store, if it has a class of its own. */
function nameOf(source: object): string | undefined {
  const name = source.constructor?.name;
  return name === 'Object' ? undefined : name;
}

function describeSource(source: unknown): string {
  return typeof source === 'object' && source !== null ? `an instance of ${source.constructor?.name}` : String(source);
}
