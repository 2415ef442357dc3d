// Five million tasks on one runner, in batches: memory has to stay flat, and tasks must not become slower.
// Writes figures.json and long-run.svg into benchmarks/long-run and its part of benchmarks/README.md.
//
// npm run bench:long
// npm run bench:long -- --tasks 500000 --out /tmp/long    fewer, and another folder for figures and plot
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { Figures } from '../bench/case';
import { draw } from '../bench/draw';
import { machine } from '../bench/machine';
import { installPeers, isInstalled } from '../bench/peers';
import { sources } from '../bench/places';
import { writeSection } from '../bench/sections';
import { verdict } from './verdict';

const home = join(sources, 'long-run');

const { values } = parseArgs({
  options: { tasks: { type: 'string', default: '5000000' }, out: { type: 'string', default: home } },
});

async function measure(tasks: number, folder: string): Promise<readonly Figures[]> {
  const args = ['--expose-gc', join(__dirname, 'batches.js'), String(tasks), folder];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const samples: Figures[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    samples.push(JSON.parse(line));
    console.error(line);
  }
  const [code, signal] = await exited;
  if (code !== 0) throw new Error(`the run ended with ${signal ?? `exit code ${code}`}`);
  return samples;
}

function plot(samples: readonly Figures[]): Promise<string> {
  const panel = (title: string, figures: readonly string[]) => ({
    width: 380,
    height: 240,
    transform: [{ fold: figures, as: ['figure', 'amount'] }],
    mark: 'line',
    encoding: {
      x: { field: 'tasks', type: 'quantitative', title: 'tasks', axis: { format: '~s' } },
      y: { field: 'amount', type: 'quantitative', title, scale: { zero: true } },
      color: { field: 'figure', type: 'nominal', title: null },
    },
  });
  return draw({
    title: 'A long run on one runner',
    data: { values: samples },
    hconcat: [
      panel('MB', ['heap MB', 'external MB', 'resident MB']),
      panel('µs a task', ['µs a task', 'µs of CPU a task']),
    ],
  });
}

async function main(): Promise<void> {
  const tasks = Number(values.tasks);
  if (!(tasks >= 400_000 && tasks % 100_000 === 0))
    throw new Error(`--tasks ${values.tasks}: give a multiple of 100000, from 400000 on`);
  mkdirSync(values.out, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-long-'));
  const samples = await measure(tasks, folder).finally(() => rmSync(folder, { recursive: true, force: true }));
  const rounded = samples.map((one) =>
    JSON.stringify(one, (_, value) => (typeof value === 'number' ? +value.toPrecision(4) : value)),
  );
  writeFileSync(join(values.out, 'figures.json'), `[\n${rounded.join(',\n')}\n]\n`);
  if (isInstalled('vega-lite')) writeFileSync(join(values.out, 'long-run.svg'), await plot(samples));
  else console.error(`The plot needs vega and vega-lite: ${installPeers}`);
  const found = verdict(samples);
  const text = [
    `${tasks.toLocaleString('en')} tasks in batches of 10,000 (${machine()}).`,
    '![Memory and time over the run](long-run/long-run.svg)',
    found.map((one) => `- ${one.text}`).join('\n'),
  ].join('\n\n');
  console.log(text);
  if (values.out === home) writeSection(join(sources, 'README.md'), 'long run', text);
  if (found.some(({ isFlat }) => !isFlat)) throw new Error('it is not flat');
}

void main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
