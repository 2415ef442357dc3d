import type { StorageSource } from '../storage/open';
import type { Storage } from '../storage/storage';
import type { ConfigOf } from './load-config';

/** The content of `tidemark.config.{json,js,cjs,mjs,ts,cts,mts}`. */
export interface TidemarkConfig extends ConfigOf<StorageSource | Storage> {}

/**
 * Returns a config, checked by the compiler.
 *
 * @example
 * // tidemark.config.ts
 * import { defineConfig } from 'tidemark';
 *
 * export default defineConfig({ storage: 'file:.cache' });
 */
export function defineConfig(config: TidemarkConfig): TidemarkConfig {
  return config;
}
