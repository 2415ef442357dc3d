// Runs each workload beside its floor, in turn and in fresh processes, and prints medians and ratios as Markdown.
//
// npm run bench               all
// npm run bench -- w1 w3      those whose names start so
// npm run bench -- --rounds 9
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';

interface Case {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** The most that ours may cost, in floors, by figure. */
  readonly target?: Readonly<Record<string, number>>;
  /** What has to be there before, run by the same contestant in the same folder. */
  readonly after?: string;
}

const w1 = (n: number): Case => ({
  name: `w1 tree, ${n.toLocaleString('en')} tasks`,
  program: 'w1-tree/tree.js',
  args: [String(n)],
  target: { 'µs a task': 3, 'peak MB': 1.6 },
});
const w2 = (phase: string, after: string | undefined, target?: number): Case => ({
  name: `w2 binomials, ${phase}`,
  program: 'w2-binomials/binomials.js',
  args: ['FOLDER', phase],
  ...(target && { target: { ms: target } }),
  ...(after && { after }),
});
const w3 = (store: string, phase: string, target: number): Case => ({
  name: `w3 many small, ${store}, ${phase}`,
  program: 'w3-many-small/many-small.js',
  args: [store, phase, 'FOLDER', ...(store === 'redis' ? ['REDIS'] : [])],
  target: { 'µs a task': target },
  ...(phase === 'load' && store !== 'memory' && { after: `w3 many small, ${store}, save` }),
});
const w4 = (phase: string, flush: string): Case => ({
  name: `w4 large array, ${phase}${flush === 'always' ? ' and flush' : ''}`,
  program: 'w4-large-array/large-array.js',
  args: [phase, flush, 'FOLDER'],
  target: { ms: 2 },
  ...(phase === 'load' && { after: 'w4 large array, save' }),
});

const cases: readonly Case[] = [
  w1(10_001),
  w1(100_001),
  w1(1_000_001),
  w2('cold', undefined, 2),
  w2('warm', 'w2 binomials, cold'),
  w2('clear-a', 'w2 binomials, cold'),
  w2('clear-b', 'w2 binomials, cold'),
  w3('memory', 'save', 1.7),
  w3('memory', 'load', 1.7),
  w3('file', 'save', 1.6),
  w3('file', 'load', 1.6),
  w3('lmdb', 'save', 1.6),
  w3('lmdb', 'load', 1.6),
  w3('redis', 'save', 1.6),
  w3('redis', 'load', 1.6),
  w4('save', 'never'),
  w4('save', 'always'),
  w4('load', 'never'),
  { name: 'w5 workers, threads', program: 'w5-workers/workers.js', args: ['threads'], target: { ms: 1.02 } },
  { name: 'w5 workers, processes', program: 'w5-workers/workers.js', args: ['processes'] },
  {
    name: 'lossless check, small objects',
    program: 'lossless-check/lossless-check.js',
    args: ['objects'],
    target: { 'µs a value': 1.4 },
  },
  { name: 'lossless check, typed array', program: 'lossless-check/lossless-check.js', args: ['array'] },
  { name: 'start-up', program: 'start-up/start-up.js', args: [], target: { ms: 1.6 } },
];

type Figures = Record<string, number>;

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '5' } },
  allowPositionals: true,
});
const rounds = Number(values.rounds);
// On ext4 files written after a large deletion cost ten times more: folders are fresh, and deleted at the end.
const base = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));

function measure({ program, args }: Case, contestant: string, folder: string): Figures {
  const filled = args.map((arg) => (arg === 'FOLDER' ? folder : arg === 'REDIS' ? redis!.uri : arg));
  return JSON.parse(
    execFileSync(process.execPath, [join(__dirname, program), contestant, ...filled], { encoding: 'utf8' }),
  );
}

/** A redis-server of its own, which keeps nothing on disk. */
async function startRedis(): Promise<{ uri: string; server: ChildProcess }> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  const server = spawn('redis-server', ['--port', String(port), '--save', '', '--dir', base], { stdio: 'ignore' });
  server.once('error', () => console.error('redis-server was not found: it is needed for the workloads in Redis'));
  await wait(500);
  return { uri: `redis://127.0.0.1:${port}`, server };
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

function show(number: number): string {
  return number >= 100 ? number.toFixed(0) : number.toFixed(number >= 10 ? 1 : 2);
}

const chosen = cases.filter(
  ({ name }) => positionals.length === 0 || positionals.some((start) => name.startsWith(start.toLowerCase())),
);
let redis: Awaited<ReturnType<typeof startRedis>> | undefined;

async function main(): Promise<void> {
  if (chosen.some(({ args }) => args.includes('REDIS'))) redis = await startRedis();
  console.log(
    `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}; medians of ${rounds} runs of each in turn, each a new process; ratios are medians of ratios run by run.\n`,
  );
  console.log('| workload | figure | floor | ours | ratio (lowest to highest) | at most |\n|---|---|---|---|---|---|');
  for (const one of chosen) {
    const results: { floor: Figures; ours: Figures }[] = [];
    for (let round = 0; round < rounds; round++) {
      const [floor, ours] = ['floor', 'ours'].map((contestant) => {
        const folder = join(base, `${one.name}-${round}-${contestant}`.replace(/\W+/g, '-'));
        const before = cases.find(({ name }) => name === one.after);
        if (before) measure(before, contestant, folder);
        return measure(one, contestant, folder);
      });
      results.push({ floor: floor!, ours: ours! });
    }
    for (const figure of Object.keys(results[0]!.floor)) {
      const ratios = results.map(({ floor, ours }) => ours[figure]! / floor[figure]!);
      const columns = [
        one.name,
        figure,
        show(median(results.map(({ floor }) => floor[figure]!))),
        show(median(results.map(({ ours }) => ours[figure]!))),
        `**${show(median(ratios))}** (${show(Math.min(...ratios))} to ${show(Math.max(...ratios))})`,
        one.target?.[figure] ?? '',
      ];
      console.log(`| ${columns.join(' | ')} |`);
    }
  }
  redis?.server.kill();
  rmSync(base, { recursive: true, force: true });
}

void main();
