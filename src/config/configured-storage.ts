import { dirname, isAbsolute } from 'node:path';
import { userPath } from '../base/user-path';

/** What a storage is to be opened from, and who says so. */
export interface ConfiguredStorage {
  readonly source: unknown;
  /** `TIDEMARK_STORAGE`, or the path of the config file. */
  readonly from: string;
}

/**
 * The storage that `TIDEMARK_STORAGE` names, or else the config file; undefined when neither does.
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

/** What a storage is opened from, a relative path in a URI made absolute; anything but such a URI as it is. */
export function resolveSource<Source>(source: Source, folder: string): Source | string {
  if (typeof source !== 'string') return source;
  const [, scheme, slashes = '', path = ''] = /^(file|lmdb|sqlite):(\/\/)?(.*)$/s.exec(source) ?? [];
  if (path === '' || /^(?::memory:|\?)/.test(path) || isAbsolute(path)) return source;
  // `sqlite://folder` is a relative path, `file://folder` is refused.
  if (slashes !== '' && scheme !== 'sqlite') return source;
  try {
    // A / at the end says that a question mark is part of the name.
    return `${scheme}:${slashes}${userPath(path, folder)}${path.endsWith('/') ? '/' : ''}`;
  } catch {
    // Whoever opens it says what is wrong with it.
    return source;
  }
}
