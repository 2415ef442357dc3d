import { types } from 'node:util';
import { describeError } from '../base/describe-error';
import { userPath } from '../base/user-path';
import { StorageError } from './errors';
import type { StoreAdapter } from './store';

/** What the URI of a storage consists of. */
interface StorageUri {
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
 * The folder in a URI `file:PATH`, `file:///PATH`, or the same with `lmdb`.
 *
 * @throws {StorageError} when it names none, or one that might not be meant
 */
function folderOf({ scheme, rest }: StorageUri): string {
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

/** What a storage can be opened from: a URI, a `Map`, a Keyv store adapter, or a `Keyv` with one. */
export type StorageSource =
  | string
  | Map<string, any>
  | StoreAdapter
  | { readonly store: StoreAdapter | Map<string, any> };

/** A store, and how it was named. */
export interface OpenedStore {
  readonly store: StoreAdapter;
  /** What to call it in messages. */
  readonly location: string;
  /** Whether it is only to be read. */
  readonly isReadonly: boolean;
  /** What tells it from other stores, for any process that opens it; undefined where only this one has it. */
  readonly address?: string | undefined;
}

/**
 * The store that a source names.
 *
 * @param isReadonly undefined when a URI may say it
 * @throws {StorageError} when it is none, or has an option that could not be kept
 */
export function openStore(source: StorageSource, isReadonly?: boolean): OpenedStore {
  if (typeof source === 'string') return addressed(openUri(source, isReadonly));
  if (types.isMap(source)) return { store: memoryStore(source), location: 'a Map', isReadonly: isReadonly === true };
  if (typeof source === 'object' && source !== null) {
    // A Keyv is known by its store: its own get() cannot carry bytes, so the store is used directly.
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
    `${describeSource(source)} is no storage; give a URI such as 'file:.tidemark', a Map, or a Keyv store adapter`,
    { operation: 'open' },
  );
}

/** With an address, unless it is in the memory of this process. */
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
      if (rest !== '') return refuse(`'memory:${rest}' cannot be opened: 'memory:' has no name; every one is new`);
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

/** Keyv adapters differ in what they can hold and how they fail; what is written for Tidemark is used as it is. */
function wrapped(source: StoreAdapter): StoreAdapter {
  const { wrapAdapter } = require('./stores/keyv/keyv-store') as typeof import('./stores/keyv/keyv-store');
  return wrapAdapter(source);
}

function refuse(problem: string): never {
  throw new StorageError(problem, { operation: 'open' });
}

/** Refuses what its maker asked for and would not get, since values do not go through a Keyv but into its store. */
function refuseUnused(source: object, name: string): void {
  const { checkKeyvOptions } = require('./stores/keyv/adapter') as typeof import('./stores/keyv/adapter');
  checkKeyvOptions(source, name);
}

function isStore(source: object): source is StoreAdapter {
  return ['get', 'set', 'delete', 'clear'].every((method) => typeof (source as any)[method] === 'function');
}

/** The name of a store's class, when it has one of its own. */
function nameOf(source: object): string | undefined {
  const name = source.constructor?.name;
  return name === 'Object' ? undefined : name;
}

function describeSource(source: unknown): string {
  return typeof source === 'object' && source !== null ? `an instance of ${source.constructor?.name}` : String(source);
}
