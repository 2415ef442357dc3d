import { builtInName } from '../../base/built-in-classes';
import { readProperty } from '../../base/describe-error';
import { ownFolder } from '../../base/own-folder';
import { importModule } from '../../load/load-module';
import type { SentClass } from './messages';

type ErrorClass = new (...args: any[]) => Error;
/** The exports of a module, as far as it is loaded. */
type Exports = Readonly<Record<string, unknown>> | Function;

/** Modules that are not among those of `require`, by their path. */
const imported = new Map<string, Exports>();
const knownPlaces = new WeakMap<Function, SentClass | undefined>();

/** Lets the classes be found that a module exports. */
export function registerModule(file: string, exported: unknown): void {
  if (isExports(exported)) imported.set(file, exported);
}

/** An error's class and what that extends, the class itself first: those that can be found by their place. */
export function classesOf(error: Error): readonly SentClass[] {
  const classes: SentClass[] = [];
  try {
    for (
      let at = Object.getPrototypeOf(error);
      at !== null && at !== Object.prototype;
      at = Object.getPrototypeOf(at)
    ) {
      const name = builtInName(at);
      if (name !== undefined) return name === 'Object' ? classes : [...classes, { from: 'language', name }];
      const cls = readProperty(at, 'constructor');
      const place = typeof cls === 'function' ? placeOf(cls) : undefined;
      if (place) classes.push(place);
    }
  } catch {
    // A proxy that tells nothing of its prototypes.
  }
  return classes;
}

/** The first of these classes that there is here. @param modules what may be loaded to find it */
export async function findClass(
  classes: readonly SentClass[],
  modules: readonly string[],
): Promise<ErrorClass | undefined> {
  for (const cls of classes) {
    const here =
      cls.from === 'language' ? (globalThis as Record<string, unknown>)[cls.name] : await inFile(cls, modules);
    if (isErrorClass(here)) return here;
  }
  return undefined;
}

function placeOf(cls: Function): SentClass | undefined {
  if (!knownPlaces.has(cls)) knownPlaces.set(cls, searchModules(cls));
  return knownPlaces.get(cls);
}

function searchModules(cls: Function): SentClass | undefined {
  const loaded = Object.entries(require.cache).flatMap(([file, module]): [string, Exports][] =>
    isExports(module?.exports) ? [[file, module.exports]] : [],
  );
  for (const [file, exported] of [...imported, ...loaded]) {
    const name = exportedAs(cls, exported, !/[\\/]node_modules[\\/]/.test(file));
    if (name !== undefined) return { from: 'file', file, name };
  }
  return undefined;
}

/** @param callsGetters whether to read exports that are accessors; in packages they may load unneeded code */
function exportedAs(cls: Function, exported: Exports, callsGetters: boolean): string | undefined {
  if (exported === cls) return '';
  for (const name of Object.keys(exported)) {
    try {
      const property = Object.getOwnPropertyDescriptor(exported, name);
      if ((property?.value ?? (callsGetters ? property?.get?.call(exported) : undefined)) === cls) return name;
    } catch {
      // An export that cannot be read (yet) is not it.
    }
  }
  return undefined;
}

async function inFile(
  { file, name }: Extract<SentClass, { from: 'file' }>,
  modules: readonly string[],
): Promise<unknown> {
  try {
    // Other files are not loaded: running them could have any effect.
    const exported =
      require.cache[file]?.exports ??
      (modules.includes(file) || (ownFolder !== undefined && file.startsWith(ownFolder))
        ? await importModule(file)
        : undefined);
    return name === '' ? exported : exported?.[name];
  } catch {
    return undefined;
  }
}

function isExports(value: unknown): value is Exports {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function isErrorClass(value: unknown): value is ErrorClass {
  return typeof value === 'function' && (value === Error || value.prototype instanceof Error);
}
