// How cost grows with size: tasks, width, bytes of values, checkpoints in a storage, clears, concurrency.
// Writes figures.json and a plot for each into benchmarks/growth, and the tables of benchmarks/README.md.
//
// npm run bench:growth                          all: an hour or two, some 20 GB of disk
// npm run bench:growth -- tasks width           these
// npm run bench:growth -- --rounds 5            the median of so many at each point (3)
// npm run bench:growth -- --most 10000          values up to that only, to try it out; goes well with
// npm run bench:growth -- --out /tmp/growth     another folder for figures and plots
// npm run bench:growth -- --draw                redraws and rewrites from the saved figures
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machine } from '../bench/machine';
import { installPeers, isInstalled } from '../bench/peers';
import { sources } from '../bench/places';
import { writeSection } from '../bench/sections';
import { axes } from './axes';
import type { Axis } from './axis';
import { type AxisResult, readFigures, writeFigures } from './figures';
import { measureAxis } from './measure-axis';
import { plot } from './plot';
import { growthTable } from './table';

const home = join(sources, 'growth');

const { values, positionals } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    most: { type: 'string', default: 'Infinity' },
    out: { type: 'string', default: home },
    draw: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

function chosenAxes(): readonly Axis[] {
  const chosen = axes.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  if (chosen.length > 0) return chosen;
  throw new Error(`nothing is called ${positionals.join(' or ')}; there is ${axes.map(({ name }) => name).join(', ')}`);
}

function measureAll(chosen: readonly Axis[], file: string): Map<string, AxisResult> {
  const results = readFigures(file);
  const base = mkdtempSync(join(tmpdir(), 'tidemark-growth-'));
  const [rounds, most] = [Number(values.rounds), Number(values.most)];
  try {
    for (const axis of chosen) {
      const points = measureAxis(axis, { rounds, most, base, tell: (text) => console.error(text) });
      results.set(axis.name, {
        axis: axis.name,
        measuredOn: `${machine()}; ${rounds === 1 ? '1 round' : `medians of ${rounds}`}`,
        points,
      });
      writeFigures(file, results);
    }
  } finally {
    // Millions of files take longer to delete than to make.
    console.error('deleting what was made');
    rmSync(base, { recursive: true, force: true });
  }
  return results;
}

async function drawAll(results: ReadonlyMap<string, AxisResult>): Promise<void> {
  const measured = axes.filter(({ name }) => results.has(name));
  const hasVega = isInstalled('vega') && isInstalled('vega-lite');
  if (!hasVega) console.error(`Plots need vega and vega-lite: ${installPeers}, then npm run bench:growth -- --draw`);
  for (const axis of hasVega ? measured : [])
    writeFileSync(join(values.out, `${axis.name}.svg`), await plot(axis, results.get(axis.name)!.points));
  const sections = measured.map((axis) => {
    const { points, measuredOn } = results.get(axis.name)!;
    const picture = `![${axis.title}](growth/${axis.name}.svg)`;
    return `**${axis.title}** (${measuredOn})\n\n${picture}\n\n${growthTable(axis, points)}`;
  });
  console.log(sections.join('\n\n'));
  if (values.out === home) writeSection(join(sources, 'README.md'), 'growth', sections.join('\n\n'));
}

async function main(): Promise<void> {
  mkdirSync(values.out, { recursive: true });
  const file = join(values.out, 'figures.json');
  await drawAll(values.draw ? readFigures(file) : measureAll(chosenAxes(), file));
}

void main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
