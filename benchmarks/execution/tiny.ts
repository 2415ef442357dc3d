// The cost of running tiny tasks on two running threads.
//
// node tiny.js floor|ours       the floor is piscina
import { Runner, task, threads } from 'tidemark';
import { loadPeer } from '../bench/peers';
import { Next } from './tasks';

const count = 20_000;
const size = 2;
/** Enough for V8 to compile the measured code on both sides. */
const warmUp = 5_000;

/** Runs tasks starting from a number, and returns the sum of their results. */
type RunTasks = (from: number, count: number) => Promise<number>;

function numbers(from: number, length: number): number[] {
  return Array.from({ length }, (_, i) => from + i);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function floor(): { readonly run: RunTasks; close(): Promise<void> } {
  const { Piscina } = loadPeer('piscina');
  const pool = new Piscina({ filename: require.resolve('./piscina-worker'), minThreads: size, maxThreads: size });
  return {
    run: async (from, length) => sum(await Promise.all(numbers(from, length).map((n) => pool.run(n)))),
    close: () => pool.destroy(),
  };
}

function ours(): { readonly run: RunTasks; close(): Promise<void> } {
  const executor = threads({ modules: [require.resolve('./tasks')], size });
  const runner = new Runner({ queues: { threads: { executor } }, storage: 'memory:' });
  return {
    run: async (from, length) => sum(await runner.run(numbers(from, length).map((n) => task(Next, { n })))),
    close: () => runner.close(),
  };
}

async function main(contestant: string): Promise<void> {
  const { run, close } = contestant === 'floor' ? floor() : ours();
  await run(0, warmUp);
  const start = performance.now();
  const total = await run(warmUp, count);
  const milliseconds = performance.now() - start;
  if (total !== sum(numbers(warmUp + 1, count))) throw new Error(`the sum is ${total}`);
  console.log(JSON.stringify({ 'µs a task': (milliseconds * 1000) / count }));
  await close();
}

void main(process.argv[2]!);
