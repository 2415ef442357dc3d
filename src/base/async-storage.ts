import type { AsyncLocalStorage } from 'node:async_hooks';
import { layout } from './shared-state';

/**
 * An `AsyncLocalStorage` shared by all copies of this package in a process, including copies in other realms, such as
 * test files. Each instance that is ever used makes every promise of the process slightly slower.
 */
export function asyncStorage<T>(name: string): AsyncLocalStorage<T> {
  // Loaded on first use.
  const { AsyncLocalStorage } = require('node:async_hooks') as typeof import('node:async_hooks');
  const key = Symbol.for(`tidemark.${name}.${layout}`);
  // Built-in classes of Node are the same in all realms.
  const shared = AsyncLocalStorage as unknown as Record<symbol, AsyncLocalStorage<T> | undefined>;
  const known = shared[key];
  if (known) return known;
  const made = new AsyncLocalStorage<T>();
  // Fails under `--frozen-intrinsics`.
  if (Object.isExtensible(AsyncLocalStorage)) Object.defineProperty(AsyncLocalStorage, key, { value: made });
  return made;
}
