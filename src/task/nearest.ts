/** The known name closest to a mistyped one; undefined if none is close. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  // Loaded on first use: only messages need it.
  const { distance } = require('fastest-levenshtein') as typeof import('fastest-levenshtein');
  let best: string | undefined;
  let least = Math.max(2, name.length / 3) + 1;
  for (const candidate of known) {
    const edits = distance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < least) [best, least] = [candidate, edits];
  }
  return best;
}
