import type { Figures } from '../bench/case';
import { median, show } from '../bench/statistics';

/** Describes which figures stayed flat; ignores the first quarter, in which code is still being compiled. */
export function verdict(samples: readonly Figures[]): readonly { readonly text: string; readonly isFlat: boolean }[] {
  const quarter = Math.max(1, samples.length >> 2);
  const early = samples.slice(quarter, 2 * quarter);
  const late = samples.slice(-quarter);
  // Unbounded growth exceeds this by far within half of a run.
  const judge = (figure: string, most: number) => {
    const [before, after] = [early, late].map((part) => median(part.map((one) => one[figure]!))) as [number, number];
    return {
      text: `${figure}: ${show(before)} in the second quarter, ${show(after)} in the last (${show(after / before)} ×, at most ${most})`,
      isFlat: after / before <= most,
    };
  };
  return [judge('heap MB', 1.1), judge('resident MB', 1.25), judge('µs of CPU a task', 1.5)];
}
