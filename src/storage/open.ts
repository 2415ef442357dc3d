import { types } from 'node:util';
import { folderIn, parseUri } from './parse-uri';
import { StorageError } from './storage-error';
import type { StoreAdapter } from './store';

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
    `${describe(source)} is no storage; give a URI such as 'file:.tidemark', a Map, or a Keyv store adapter`,
    { operation: 'open' },
  );
}

/** With an address, unless it is in the memory of this process. */
function addressed(opened: OpenedStore): OpenedStore {
  return opened.location === 'memory' ? opened : { ...opened, address: opened.location };
}

function openUri(given: string, asked: boolean | undefined): OpenedStore {
  const parsed = parseUri(given);
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
      const { FileStore } = require('./stores/file') as typeof import('./stores/file');
      const folder = folderIn(parsed);
      return { store: new FileStore(folder), location: folder, isReadonly };
    }
    case 'lmdb': {
      const { LmdbStore } = require('./stores/lmdb') as typeof import('./stores/lmdb');
      const folder = folderIn(parsed);
      return { store: new LmdbStore(folder, { isReadonly }), location: folder, isReadonly };
    }
    case 'redis':
    case 'rediss':
    case 'redis+unix':
    case 'rediss+unix':
    case 'unix': {
      const { RedisStore } = require('./stores/redis') as typeof import('./stores/redis');
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
  const { wrapAdapter } = require('./stores/keyv') as typeof import('./stores/keyv');
  return wrapAdapter(source);
}

function refuse(problem: string): never {
  throw new StorageError(problem, { operation: 'open' });
}

/** Refuses what its maker asked for and would not get, since values do not go through a Keyv but into its store. */
function refuseUnused(source: object, name: string): void {
  const { checkKeyvOptions } = require('./stores/keyv/check-options') as typeof import('./stores/keyv/check-options');
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

function describe(source: unknown): string {
  return typeof source === 'object' && source !== null ? `an instance of ${source.constructor?.name}` : String(source);
}
