import 'reflect-metadata';
import { Param, Requires, Runner, Task, task } from 'tidemark';

// W1: a heap-shaped tree of N tasks. Task i requires 2i+1 and 2i+2; a leaf gives 1, an inner task the sum.

let size = 0;

@Task()
class Sum {
  @Param() i!: number;
  @Requires(({ i }) => (2 * i + 2 < size ? [task(Sum, { i: 2 * i + 1 }), task(Sum, { i: 2 * i + 2 })] : []))
  parts!: number[];
  run() {
    return this.parts.length === 0 ? 1 : this.parts[0]! + this.parts[1]!;
  }
}

/** The floor: a promise memo with a string key a call. */
function promiseMemo(): Promise<number> {
  const memo = new Map<string, Promise<number>>();
  const sum = (i: number): Promise<number> => {
    const key = `Sum/${i}`;
    let known = memo.get(key);
    if (!known) memo.set(key, (known = compute(i)));
    return known;
  };
  const compute = async (i: number): Promise<number> => {
    if (2 * i + 2 >= size) return 1;
    const [left, right] = await Promise.all([sum(2 * i + 1), sum(2 * i + 2)]);
    return left + right;
  };
  return sum(0);
}

async function measure(contestant: string, n: number): Promise<void> {
  const runner = new Runner({ storage: 'memory:' });
  const run = contestant === 'floor' ? promiseMemo : () => runner.run(Sum, { i: 0 });
  size = 1001;
  for (let i = 0; i < 5; i++) await run();
  size = n;
  const start = performance.now();
  const root = await run();
  const seconds = (performance.now() - start) / 1000;
  if (root !== (n + 1) / 2) throw new Error(`the root is ${root}, not ${(n + 1) / 2}`);
  console.log(JSON.stringify({ contestant, n, microseconds: (seconds * 1e6) / n, peakMegabytes: process.resourceUsage().maxRSS / 1024 }));
}

void measure(process.argv[2]!, Number(process.argv[3]));
