import type { Filter } from './parts';

/**
 * A filter for results that are typed arrays: puts the first bytes of all elements together, then the second ones,
 * and so on, which compresses numbers much better. Other results pass through as they are.
 *
 * @example
 * const measurements = encoder({ filters: [shuffle()], compressor: zstd() });
 */
export function shuffle(): Filter {
  const { ShuffleFilter } = require('./shuffle-filter') as typeof import('./shuffle-filter');
  return new ShuffleFilter();
}
