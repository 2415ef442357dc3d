import type { AsyncLocalStorage } from 'node:async_hooks';
import { layout } from './shared-state';

/**
 * An `AsyncLocalStorage` that all copies of this package in a process have in common, also those in realms of their own,
 * such as the files of a test runner: each one that was ever used costs every promise of the process a little.
 */
export function asyncStorage<T>(name: string): AsyncLocalStorage<T> {
  // Loaded when it is first needed.
  const { AsyncLocalStorage } = require('node:async_hooks') as typeof import('node:async_hooks');
  const key = Symbol.for(`tidemark.${name}.${layout}`);
  // A built-in class is one for all realms.
  const shared = AsyncLocalStorage as unknown as Record<symbol, AsyncLocalStorage<T> | undefined>;
  const known = shared[key];
  if (known) return known;
  const made = new AsyncLocalStorage<T>();
  // Not with `--frozen-intrinsics`.
  if (Object.isExtensible(AsyncLocalStorage)) Object.defineProperty(AsyncLocalStorage, key, { value: made });
  return made;
}
