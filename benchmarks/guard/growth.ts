// How the cost per task grows with ten times as many tasks, for graphs of different shapes: about 1 for linear cost, 10
// for quadratic cost.
//
// node growth.js
import { Param, Requires, Runner, Task, task } from 'tidemark';
import { median } from '../bench/statistics';

const [few, many] = [1000, 10_000] as const;
const warmUps = 2;
const slices = 5;

let size: number = few;

@Task()
class Sum {
  @Param() i!: number;
  @Requires(({ i }) => [2 * i + 1, 2 * i + 2].filter((part) => part < size).map((part) => task(Sum, { i: part })))
  parts!: number[];
  run(): number {
    return this.parts.reduce((sum, one) => sum + one, 1);
  }
}

@Task()
class Fan {
  @Requires(() => Array.from({ length: size - 1 }, (_, i) => task(Sum, { i: size + i })))
  parts!: number[];
  run(): number {
    return this.parts.reduce((sum, one) => sum + one, 1);
  }
}

@Task()
class Chain {
  @Param() n!: number;
  @Requires(({ n }) => (n > 1 ? [task(Chain, { n: n - 1 })] : [])) before!: number[];
  run(): number {
    return 1 + (this.before[0] ?? 0);
  }
}

/** A task that returns a ref to itself until it is done. */
@Task()
class Loop {
  @Param() n!: number;
  @Param() count!: number;
  run(): any {
    return this.n > 1 ? task(Loop, { n: this.n - 1, count: this.count + 1 }) : this.count + 1;
  }
}

const runner = new Runner({ storage: 'memory:' });
const shapes: Readonly<Record<string, () => Promise<number>>> = {
  'a tree': () => runner.run(Sum, { i: 0 }),
  'a fan': () => runner.run(Fan),
  'a chain': () => runner.run(Chain, { n: size }),
  'a loop of refs': () => runner.run(Loop, { n: size, count: 0 }),
};

async function timeOfOne(run: () => Promise<number>, tasks: number): Promise<number> {
  size = tasks;
  const start = process.cpuUsage();
  const result = await run();
  const { user, system } = process.cpuUsage(start);
  if (result !== tasks) throw new Error(`${result} instead of ${tasks}`);
  return (user + system) / tasks;
}

async function ratioOf(run: () => Promise<number>): Promise<number> {
  const ratios: number[] = [];
  for (let i = -warmUps; i < slices; i++) {
    // Ten runs of few beside one of many: both take about as long.
    let among = 0;
    for (let j = 0; j < many / few; j++) among += await timeOfOne(run, few);
    const ratio = (await timeOfOne(run, many)) / (among / (many / few));
    if (i >= 0) ratios.push(ratio);
  }
  return median(ratios);
}

async function main(): Promise<void> {
  const figures: Record<string, number> = {};
  for (const [name, run] of Object.entries(shapes)) figures[name] = await ratioOf(run);
  console.log(JSON.stringify(figures));
}

void main();
