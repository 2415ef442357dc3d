import { dirname } from 'node:path';
import { ownFolder } from './own-folder';

/**
 * What copies of this package share in a process: an app's and a library's own, or one that a test runner loads again.
 *
 * Copies with the same number use the same registries and know each other's objects. Raise it with any change of what is
 * shared: of the registries here, of what decorators record, of the objects whose classes are shared, of their methods.
 */
export const layout = 1;

/** A copy of this package in this process. Copies of all layouts are listed, so this stays as it is. */
export interface Copy {
  readonly layout: number;
  /** The folder of the package, or the file of a bundle that holds it. */
  readonly path: string;
  readonly version: string;
  /** Whether the code that asks runs in a `storage.scope` of that copy. */
  isInScope?: () => boolean;
}

const listKey = Symbol.for('tidemark.copies');
const stateKey = Symbol.for(`tidemark.shared.${layout}`);

/** All copies that have been loaded, this one included. */
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

/** Something that all copies of this layout have in common; made by the first one that asks. */
export function sharedState<T>(name: string, make: () => T): T {
  if (!states.has(name)) states.set(name, make());
  return states.get(name) as T;
}

const brandKey = Symbol('brand');

/**
 * Makes `instanceof` true for the instances of other copies' class of this name.
 *
 * For what crosses copies: errors, refs, storages. It makes `instanceof` a call: `brandClass` is for the others.
 */
export function shareClass(cls: Function, name: string): void {
  brandClass(cls, name);
  Object.defineProperty(cls, Symbol.hasInstance, { value: isInstance });
}

/** Lets `isOfOtherCopy` know the instances of a class. */
export function brandClass(cls: Function, name: string): void {
  const brand = Symbol.for(`tidemark.${name}`);
  Object.defineProperty(cls.prototype, brand, { value: layout });
  Object.defineProperty(cls, brandKey, { value: brand });
}

/** Whether a value is an instance of another copy's class. Costs nothing while there is one copy. */
export function isOfOtherCopy(cls: Function, value: unknown): boolean {
  return copies.length > 1 && layoutOf(cls, value) === layout;
}

const isOrdinaryInstance = Function.prototype[Symbol.hasInstance];

function isInstance(this: Function, value: unknown): boolean {
  if (isOrdinaryInstance.call(this, value)) return true;
  // Subclasses that a program makes inherit this method, but no brand of their own.
  return Object.hasOwn(this, brandKey) && isOfOtherCopy(this, value);
}

/** Why a value cannot be used that another copy made; undefined when that is not so. @param cls a shared class */
export function whyForeign(cls: Function, value: unknown): string | undefined {
  const found = layoutOf(cls, value);
  return found === undefined || found === layout ? undefined : incompatible();
}

/** The layout of the copy that made an instance of a shared class; undefined for anything else. */
function layoutOf(cls: Function, value: unknown): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  return (value as Record<symbol, unknown>)[(cls as unknown as Record<symbol, symbol>)[brandKey]!];
}

/** The copies that do not work together with this one. */
export function foreignCopies(): readonly Copy[] {
  return copies.length > 1 ? copies.filter((copy) => copy.layout !== layout) : [];
}

/** What is to be done about copies that do not work together, with all of them. */
export function incompatible(): string {
  const lines = new Set(
    copies.map((copy) => `\n    ${copy.version} in ${copy.path}${copy === ownCopy ? ' (this one)' : ''}`),
  );
  // One that has been loaded again by a test runner is the same to people.
  const shown = [...lines].filter((line) => !lines.has(`${line} (this one)`));
  return `another copy of tidemark made it, which does not work together with this one:${shown.join('')}\nInstall one version for all: \`npm ls tidemark\` shows what needs which, \`npm dedupe\` or "overrides" in package.json make them one`;
}

/** The same as a remark behind the message of an error that copies may have caused; empty when there are none. */
export function foreignCopiesRemark(): string {
  return foreignCopies().length === 0 ? '' : `\n(or ${incompatible()})`;
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
