import { dirname } from 'node:path';
import { resolveSource } from './resolve-source';

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
