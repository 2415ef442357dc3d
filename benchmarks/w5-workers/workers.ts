// W5: 64 tasks of about 50 ms of computing each, on two workers, their start included.
//
// node workers.js floor|ours|piscina threads|processes
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { processes, Runner, task, threads } from 'tidemark';
import { loadPeer } from '../bench/peers';
import { Work, work } from './tasks';

const seeds = Array.from({ length: 64 }, (_, i) => i + 1);
const size = 2;

/** The floor: two workers, each of which is given its half at once. */
async function floor(kind: string): Promise<number[]> {
  const halves = [seeds.slice(0, 32), seeds.slice(32)];
  const done = halves.map(async (half) => {
    if (kind === 'threads') {
      const worker = new Worker(__filename, { workerData: half });
      return (await once(worker, 'message'))[0] as number[];
    }
    const child = fork(__filename, ['half']);
    child.send(half);
    return (await once(child, 'message'))[0] as number[];
  });
  return (await Promise.all(done)).flat();
}

async function ours(kind: string): Promise<number[]> {
  const modules = [require.resolve('./tasks')];
  const executor = kind === 'threads' ? threads({ modules, size }) : processes({ modules, size });
  const runner = new Runner({ executor, storage: 'memory:' });
  const results = await runner.run(seeds.map((seed) => task(Work, { seed })));
  void runner.close();
  return results;
}

async function piscina(): Promise<number[]> {
  const { Piscina } = loadPeer('piscina');
  const pool = new Piscina({ filename: require.resolve('./piscina-worker'), minThreads: size, maxThreads: size });
  const results: number[] = await Promise.all(seeds.map((seed) => pool.run(seed)));
  void pool.destroy();
  return results;
}

const contestants: Readonly<Record<string, (kind: string) => Promise<number[]>>> = { floor, ours, piscina };

async function main(contestant: string, kind: string): Promise<void> {
  let start = performance.now();
  const expected = seeds.slice(0, 8).map(work);
  const serial = (performance.now() - start) * 8;
  start = performance.now();
  const results = await contestants[contestant]!(kind);
  const ms = performance.now() - start;
  if (expected.some((one, i) => one !== results[i])) throw new Error('the results are wrong');
  console.log(JSON.stringify({ ms, 'times faster than in turn': serial / ms }));
}

if (process.argv[2] === 'half') {
  process.once('message', (half: number[]) => process.send!(half.map(work), () => process.disconnect()));
} else {
  const { isMainThread, parentPort, workerData } =
    require('node:worker_threads') as typeof import('node:worker_threads');
  if (isMainThread) void main(process.argv[2]!, process.argv[3]!);
  else parentPort!.postMessage((workerData as number[]).map(work));
}
