// Bytes of heap allocated per task by each workload. The young generation is so large that nothing is collected during
// the run, so the heap in use afterwards is the amount allocated, which hardly depends on the machine.
//
// node --min-semi-space-size=256 --max-semi-space-size=256 --expose-gc allocations.js
import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { median } from '../bench/statistics';
import { type Workload, workloads } from './workloads';

const warmUps = 20;
const samples = 7;
const youngGeneration = 256 * 2 ** 20;

/** When garbage was collected. */
const collections: number[] = [];
new PerformanceObserver((list) => {
  for (const { startTime } of list.getEntries()) collections.push(startTime);
}).observe({ entryTypes: ['gc'] });

async function bytesOf({ ours, tasks }: Workload): Promise<number> {
  for (let i = 0; i < warmUps; i++) await ours();
  const taken: number[] = [];
  for (let i = 0; i < samples; i++) {
    global.gc!();
    const start = performance.now();
    const before = process.memoryUsage().heapUsed;
    await ours();
    const used = process.memoryUsage().heapUsed - before;
    const end = performance.now();
    // Collections are reported some turns of the event loop later.
    for (let turns = 0; turns < 5; turns++) await turn();
    if (!collections.some((time) => time >= start && time <= end)) taken.push(used / tasks);
  }
  // Garbage is only collected once the young generation is full: then it took all of that, or more.
  return taken.length > 0 ? median(taken) : youngGeneration / tasks;
}

async function main(): Promise<void> {
  const figures: Record<string, number> = {};
  for (const workload of await workloads()) figures[workload.name] = await bytesOf(workload);
  console.log(JSON.stringify(figures));
}

void main();
