// Fails when something has become much slower than it was: for continuous integration, on machines that are busy.
// limits.ts lists the figures and explains their limits.
//
// npm run bench:guard
import type { Figures } from '../bench/case';
import { runProgram } from '../bench/measure';
import { show } from '../bench/statistics';
import { type Guarded, guarded } from './limits';

/** Figures over their limit are measured again, since noise rarely repeats but a slowdown does. */
const tries = 3;

interface Line {
  readonly what: string;
  readonly figure: string;
  readonly measured: number;
  readonly usual: number;
  readonly most: number;
}

/** The lowest of several tries for each figure, tried again only while one is over its limit. */
function measure({ program, what, nodeOptions, factor, usual }: Guarded): readonly Line[] {
  let lines: readonly Line[] = [];
  for (let i = 0; i < tries && (i === 0 || lines.some(isOver)); i++) {
    const figures: Figures = runProgram(`guard/${program}`, [], {}, nodeOptions);
    lines = Object.entries(usual).map(([figure, known], index) => {
      if (figures[figure] === undefined) throw new Error(`${program} prints no figure '${figure}'`);
      const measured = Math.min(figures[figure], lines[index]?.measured ?? Number.POSITIVE_INFINITY);
      return { what, figure, measured, usual: known, most: known * factor };
    });
  }
  return lines;
}

function isOver({ measured, most }: Line): boolean {
  return !(measured <= most);
}

const start = performance.now();
const lines = guarded.flatMap(measure);
for (const line of lines) {
  const { what, figure, measured, usual, most } = line;
  const mark = isOver(line) ? 'TOO MUCH' : 'ok      ';
  console.log(`${mark} ${what}, ${figure}: ${show(measured)} (usually ${show(usual)}, at most ${show(most)})`);
}
const over = lines.filter(isOver);
console.log(
  `${lines.length - over.length} of ${lines.length} within their limits, ${((performance.now() - start) / 1000).toFixed(0)} s`,
);
if (over.length > 0) {
  console.error(
    `Something has become slower: each figure that is too much was so in ${tries} tries. Find out what with node --cpu-prof ` +
      'build/benchmarks/guard/ratios.js. When it is worth its price, write the new figure into benchmarks/guard/limits.ts.',
  );
  process.exitCode = 1;
}
