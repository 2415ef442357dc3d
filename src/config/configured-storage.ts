import { dirname, isAbsolute } from 'node:path';
import { userPath } from '../base/user-path';

/** The source of a storage, and where it is configured. */
export interface ConfiguredStorage {
  readonly source: unknown;
  /** `TIDEMARK_STORAGE`, or the path of the config file. */
  readonly from: string;
}

/**
 * The storage named by `TIDEMARK_STORAGE`, or else by the config file; undefined without either.
 *
 * @throws {LoadError} when the config file cannot be loaded
 */
export function configuredStorage(folder: string = process.cwd()): ConfiguredStorage | undefined {
  const { TIDEMARK_STORAGE: uri } = process.env;
  if (uri) return { source: resolveSource(uri, folder), from: 'TIDEMARK_STORAGE' };
  const { loadConfig } = require('./load-config') as typeof import('./load-config');
  const found = loadConfig(folder);
  if (found?.config.storage === undefined) return undefined;
  return { source: resolveSource(found.config.storage, dirname(found.path)), from: found.path };
}

/** Makes the relative path in the URI of a storage absolute. Other sources stay unchanged. */
export function resolveSource<Source>(source: Source, folder: string): Source | string {
  if (typeof source !== 'string') return source;
  const [, scheme, slashes = '', path = ''] = /^(file|lmdb|sqlite):(\/\/)?(.*)$/s.exec(source) ?? [];
  if (path === '' || /^(?::memory:|\?)/.test(path) || isAbsolute(path)) return source;
  // `sqlite://folder` is a relative path, `file://folder` is refused.
  if (slashes !== '' && scheme !== 'sqlite') return source;
  try {
    // A / at the end means that a question mark is part of the name.
    return `${scheme}:${slashes}${userPath(path, folder)}${path.endsWith('/') ? '/' : ''}`;
  } catch {
    // Opening it reports the problem.
    return source;
  }
}
