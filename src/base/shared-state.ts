import type { AsyncLocalStorage } from 'node:async_hooks';
import { dirname } from 'node:path';
import { ownFolder } from './own-folder';

/**
 * The version of the state that copies of this package share in a process: the copies of an app and of a library, or
 * copies that a test runner loads again.
 *
 * Copies with the same number use the same registries and accept each other's objects. Increase it with any change to
 * shared state: the registries here, the records of decorators, and shared classes with their methods.
 */
export const layout = 1;

/** A copy of this package in this process. Copies of all layouts read it, so it must not change. */
interface Copy {
  readonly layout: number;
  /** The folder of the package, or the file of the bundle that contains it. */
  readonly path: string;
  readonly version: string;
  /** True while the calling code runs in a `storage.scope` of that copy. */
  isInScope?: () => boolean;
}

const listKey = Symbol.for('tidemark.copies');
const stateKey = Symbol.for(`tidemark.shared.${layout}`);

/** All loaded copies, including this one. */
const copies: Copy[] = onGlobal(listKey, () => []);

/** This copy. */
export const ownCopy: Copy = {
  layout,
  path: ownFolder !== undefined ? dirname(ownFolder) : typeof __filename === 'string' ? __filename : 'a bundle',
  get version() {
    return ownVersion();
  },
};
copies.push(ownCopy);

const states = onGlobal(stateKey, () => new Map<string, unknown>());

/** An object shared by all copies of this layout, made by the first copy that requests it. */
export function sharedState<T>(name: string, make: () => T): T {
  if (!states.has(name)) states.set(name, make());
  return states.get(name) as T;
}

const brandKey = Symbol('brand');

/**
 * Makes `instanceof` true for instances of the class with this name in other copies.
 *
 * For objects that cross copies: errors, refs, storages. It turns `instanceof` into a call; use `brandClass` where that
 * is too slow.
 */
export function shareClass(cls: Function, name: string): void {
  brandClass(cls, name);
  Object.defineProperty(cls, Symbol.hasInstance, { value: isInstance });
}

/** Lets `isOfOtherCopy` recognise instances of a class. */
export function brandClass(cls: Function, name: string): void {
  const brand = Symbol.for(`tidemark.${name}`);
  Object.defineProperty(cls.prototype, brand, { value: layout });
  Object.defineProperty(cls, brandKey, { value: brand });
}

/** True for an instance of the class of another copy. Free while there is one copy. */
export function isOfOtherCopy(cls: Function, value: unknown): boolean {
  return copies.length > 1 && layoutOf(cls, value) === layout;
}

const isOrdinaryInstance = Function.prototype[Symbol.hasInstance];

function isInstance(this: Function, value: unknown): boolean {
  if (isOrdinaryInstance.call(this, value)) return true;
  // Subclasses in programs inherit this method, but have no brand of their own.
  return Object.hasOwn(this, brandKey) && isOfOtherCopy(this, value);
}

/** The reason why a value of an incompatible copy cannot be used; undefined for other values. @param cls a shared class */
export function whyForeign(cls: Function, value: unknown): string | undefined {
  const found = layoutOf(cls, value);
  return found === undefined || found === layout ? undefined : describeIncompatibility();
}

/** The layout of the copy that made an instance of a shared class; undefined for other values. */
function layoutOf(cls: Function, value: unknown): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  return (value as Record<symbol, unknown>)[(cls as unknown as Record<symbol, symbol>)[brandKey]!];
}

/** The copies that are incompatible with this one. */
export function foreignCopies(): readonly Copy[] {
  return copies.length > 1 ? copies.filter((copy) => copy.layout !== layout) : [];
}

/** The message about incompatible copies: all of them, and the remedy. */
export function describeIncompatibility(): string {
  const lines = new Set(
    copies.map((copy) => `\n    ${copy.version} in ${copy.path}${copy === ownCopy ? ' (this one)' : ''}`),
  );
  // A copy that a test runner has loaded twice is listed once.
  const shown = [...lines].filter((line) => !lines.has(`${line} (this one)`));
  return `it was made by another copy of tidemark, which is incompatible with this one:${shown.join('')}\nInstall a single version: \`npm ls tidemark\` shows which package requires which version; \`npm dedupe\` or "overrides" in package.json unify them`;
}

/** The same message as a remark, appended to errors that incompatible copies may have caused; empty if there are none. */
export function foreignCopiesRemark(): string {
  return foreignCopies().length === 0 ? '' : `\n(or ${describeIncompatibility()})`;
}

function onGlobal<T>(key: symbol, make: () => T): T {
  const global = globalThis as Record<symbol, unknown>;
  if (!Object.hasOwn(global, key)) Object.defineProperty(global, key, { value: make() });
  return global[key] as T;
}

function ownVersion(): string {
  try {
    return (require('../../package.json') as { readonly version: string }).version;
  } catch {
    return 'of unknown version';
  }
}

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
