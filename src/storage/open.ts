import { resolve } from 'node:path';
import { StorageError } from './storage-error';
import type { StoreAdapter } from './store';

/** What a storage can be opened from: a URI, a `Map`, a Keyv store adapter, or a `Keyv` with one. */
export type StorageSource =
  | string
  | Map<string, any>
  | StoreAdapter
  | { readonly store: StoreAdapter | Map<string, any> };

/** The store that a source names, and what to call it in messages. */
export function openStore(source: StorageSource): { readonly store: StoreAdapter; readonly location: string } {
  if (typeof source === 'string') return openUri(source);
  if (source instanceof Map) return { store: memoryStore(source), location: 'a Map' };
  if (typeof source === 'object' && source !== null) {
    // A Keyv is known by its store: its own get() cannot carry bytes, so the store is used directly.
    if ('store' in source && typeof source.store === 'object') return openStore(source.store);
    if (isStore(source)) return { store: wrapped(source), location: nameOf(source) ?? 'a store' };
  }
  throw new StorageError(
    `${describe(source)} is no storage; give a URI such as 'file:.tidemark', a Map, or a Keyv store adapter`,
    { operation: 'open' },
  );
}

function openUri(uri: string): { readonly store: StoreAdapter; readonly location: string } {
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]+):(.*)$/s.exec(uri) ?? [];
  switch (scheme) {
    case 'memory':
      return { store: memoryStore(), location: 'memory' };
    case 'file': {
      if (rest === '') throw new StorageError("'file:' names no folder; write 'file:.tidemark'", { operation: 'open' });
      const { FileStore } = require('./stores/file') as typeof import('./stores/file');
      const folder = resolve(rest.replace(/^\/\/(?=\/)/, ''));
      return { store: new FileStore(folder), location: folder };
    }
    case 'lmdb': {
      if (rest === '') throw new StorageError("'lmdb:' names no folder; write 'lmdb:.cache'", { operation: 'open' });
      const { LmdbStore } = require('./stores/lmdb') as typeof import('./stores/lmdb');
      const folder = resolve(rest.replace(/^\/\/(?=\/)/, ''));
      return { store: new LmdbStore(folder), location: folder };
    }
    case 'redis':
    case 'rediss':
    case 'redis+unix':
    case 'rediss+unix':
    case 'unix': {
      const { RedisStore } = require('./stores/redis') as typeof import('./stores/redis');
      const store = new RedisStore(uri);
      return { store, location: store.location };
    }
    default: {
      const { openKeyvUri } = require('./stores/keyv/open-uri') as typeof import('./stores/keyv/open-uri');
      return openKeyvUri(uri, ownUris);
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
