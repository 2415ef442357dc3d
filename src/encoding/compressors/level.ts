import { type Allowed, checkOptions } from '../../check-options';

/** How much time goes into making the bytes smaller. */
export interface CompressorOptions {
  /** From fast to small. */
  readonly level?: number;
}

/** @throws {TidemarkError} for a level that the format does not have, or another option */
export function levelOf(options: CompressorOptions, name: string, least: number, most: number, usual: number): number {
  const levels: Allowed = {
    includes: (level) => Number.isInteger(level) && level >= least && level <= most,
    text: `a whole number from ${least} to ${most}`,
  };
  checkOptions(options, { level: levels }, name);
  return options.level ?? usual;
}
