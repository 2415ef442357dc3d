// The cost of each workload in CPU time, as a multiple of its floor. Both run in turn, in slices of a few milliseconds
// of one process, so that other load on the machine slows down both.
//
// node ratios.js
import { median } from '../bench/statistics';
import { type Workload, workloads } from './workloads';

const warmUps = 12;
const slices = 25;

async function ratioOf({ name, floor, ours }: Workload): Promise<number> {
  const ratios: number[] = [];
  for (let i = -warmUps; i < slices; i++) {
    const byHand = await processorTime(floor);
    const byTidemark = await processorTime(ours);
    if (byHand.result !== byTidemark.result)
      throw new Error(`${name}: ${byTidemark.result} instead of ${byHand.result}`);
    if (i >= 0) ratios.push(byTidemark.time / byHand.time);
  }
  return median(ratios);
}

/** CPU time of all threads, including garbage collector and compiler; waiting for a core does not count. */
async function processorTime(act: () => unknown): Promise<{ result: unknown; time: number }> {
  const start = process.cpuUsage();
  const result = await act();
  const { user, system } = process.cpuUsage(start);
  return { result, time: user + system };
}

async function main(): Promise<void> {
  const figures: Record<string, number> = {};
  for (const workload of await workloads()) figures[workload.name] = await ratioOf(workload);
  console.log(JSON.stringify(figures));
}

void main();
