import { join, resolve } from 'node:path';
import { types } from 'node:util';
import type { LilconfigResult, lilconfigSync } from 'lilconfig';
import { type Allowed, checkOptions } from '../base/check-options';
import { describeError, isInstance } from '../base/describe-error';
import { TidemarkError } from '../base/error';
import { showValue } from '../base/show';
import { LoadError } from '../load/load-error';
import type * as LoadModule from '../load/load-module';
import { findNearestFile, findSearchRoot, whyUntrusted } from './trusted-config';

/**
 * The content of a config file. The type of a storage source is a parameter, since `storage/` itself imports this file:
 * `TidemarkConfig` sets it.
 */
export interface ConfigOf<StorageSource> {
  /**
   * The storage of programs that name none. The path of a `file:` or `lmdb:` is relative to the folder of the config
   * file. The environment variable `TIDEMARK_STORAGE` takes precedence.
   *
   * @default 'file:.tidemark', in the working folder
   */
  readonly storage?: StorageSource;
}

/** A config file and its content. */
interface LoadedConfig {
  readonly config: ConfigOf<unknown>;
  /** The path of the file. */
  readonly path: string;
}

const configOptions: Readonly<Record<keyof ConfigOf<unknown>, Allowed>> = {
  storage: {
    includes: (value) => typeof value === 'string' || (typeof value === 'object' && value !== null),
    text: "a URI such as 'file:.tidemark', a Map, a Keyv store adapter or a Storage",
  },
};

const endings = ['json', 'js', 'cjs', 'mjs', 'ts', 'cts', 'mts'];
const fileNames = endings.map((ending) => `tidemark.config.${ending}`);
const beingLoaded = new Set<string>();
const searchResults = new Map<string, LilconfigResult>();
const finders = new Map<string, ReturnType<typeof lilconfigSync>>();

/**
 * Loads the config file of a folder, or of the nearest parent folder with one, up to the root of the project or the home
 * folder; undefined when there is none. Searched and read once per process.
 *
 * @throws {LoadError} when it cannot be loaded, has invalid content, or can be written by another user
 */
export function loadConfig(from: string = process.cwd()): LoadedConfig | undefined {
  const folder = resolve(from);
  const found = searchResults.has(folder) ? searchResults.get(folder) : search(folder);
  searchResults.set(folder, found ?? null);
  if (!found) return undefined;
  if (found.isEmpty) throw new LoadError(found.filepath, 'it is empty');
  return { config: found.config as ConfigOf<unknown>, path: found.filepath };
}

function search(folder: string): LilconfigResult {
  const last = findSearchRoot(folder);
  let finder = finders.get(last);
  if (!finder) finders.set(last, (finder = makeFinder(last)));
  try {
    checkTrust(findNearestFile(fileNames, folder, last));
    return finder.search(folder);
  } catch (cause) {
    // The loader below throws only these; any other error means that a file cannot be read.
    if (isInstance(cause, LoadError)) throw cause;
    const { path = join(folder, 'tidemark.config.*'), message } = cause as NodeJS.ErrnoException;
    throw new LoadError(path, message, cause);
  }
}

/** Checks a file before any of it is read. */
function checkTrust(file: string | undefined): void {
  if (file === undefined) return;
  const problem = whyUntrusted(file);
  if (problem !== undefined) throw new LoadError(file, problem);
}

function makeFinder(stopDir: string): ReturnType<typeof lilconfigSync> {
  const lilconfig = require('lilconfig') as typeof import('lilconfig');
  return lilconfig.lilconfigSync('tidemark', {
    searchPlaces: [...fileNames],
    loaders: Object.fromEntries(endings.map((ending) => [`.${ending}`, loadFile])),
    stopDir,
    ignoreEmptySearchPlaces: false,
  });
}

/** The checked content of a config file. */
function loadFile(path: string, content: string): ConfigOf<unknown> {
  if (beingLoaded.has(path))
    throw new LoadError(path, 'it needs the config while it is being loaded; open storages in it with a URI');
  beingLoaded.add(path);
  try {
    return checkConfig(readExport(path, content));
  } catch (cause) {
    throw isInstance(cause, LoadError) && cause.file === path
      ? cause
      : new LoadError(path, describeError(cause), cause);
  } finally {
    beingLoaded.delete(path);
  }
}

/** The default export of an ES module; all exports of CommonJS; the content of JSON. */
function readExport(path: string, content: string): unknown {
  if (path.endsWith('.json')) return JSON.parse(content.replace(/^\uFEFF/, ''));
  // Loaded on first use: most folders have no config.
  const { loadModule } = require('../load/load-module') as typeof LoadModule;
  const exported = loadModule(path) as any;
  if (!exported?.__esModule && !types.isModuleNamespaceObject(exported)) return exported;
  if ('default' in exported) return exported.default;
  throw new TidemarkError('it has no default export; write `export default defineConfig({ … })`');
}

function checkConfig(config: unknown): ConfigOf<unknown> {
  if (typeof config !== 'object' || config === null || Array.isArray(config))
    throw new TidemarkError(
      `it exports ${showValue(config)} instead of an object such as { storage: 'file:.tidemark' }`,
    );
  checkOptions(config, configOptions, 'a config');
  return Object.freeze({ ...config });
}
