/**
 * What a config file may say. What a storage is opened from is left open, since storage itself reads this:
 * `TidemarkConfig` says it.
 */
export interface ConfigOf<StorageSource> {
  /**
   * Where checkpoints are when a program does not say. The path of a `file:` or `lmdb:` is relative to the
   * folder of the config file. The environment variable `TIDEMARK_STORAGE` goes before it.
   *
   * @default 'file:.tidemark', in the working folder
   */
  readonly storage?: StorageSource;
}
