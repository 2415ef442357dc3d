// W1: a heap-shaped tree of N tasks (N odd), nothing saved. Task i requires 2i+1 and 2i+2; a leaf gives 1, an inner
// task the sum of the two; so the root is (N+1)/2. A small tree warms up; then graph and run are timed together.
//
// node tree.js floor|ours|<peer> N
import { Param, Requires, Runner, Task, task } from 'tidemark';
import { peers, type Run } from './peers';

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

/** The floor: promises, memoised by a string key that each call builds. */
function promiseMemo(): Promise<number> {
  const memo = new Map<string, Promise<number>>();
  const sum = (i: number): Promise<number> => {
    const key = `Sum/${i}`;
    let known = memo.get(key);
    if (!known) {
      known = compute(i);
      memo.set(key, known);
    }
    return known;
  };
  const compute = async (i: number): Promise<number> => {
    if (2 * i + 2 >= size) return 1;
    const [left, right] = await Promise.all([sum(2 * i + 1), sum(2 * i + 2)]);
    return left + right;
  };
  return sum(0);
}

async function contestantOf(name: string): Promise<Run> {
  if (name === 'floor') return promiseMemo;
  if (name !== 'ours') return peers[name]!();
  const runner = new Runner({ storage: 'memory:' });
  return () => runner.run(Sum, { i: 0 });
}

async function main(name: string, n: number): Promise<void> {
  const run = await contestantOf(name);
  size = 1001;
  for (let i = 0; i < 10; i++) await run(size);
  size = n;
  const start = performance.now();
  const root = await run(size);
  const milliseconds = performance.now() - start;
  if (root !== (n + 1) / 2) throw new Error(`the root is ${root}, not ${(n + 1) / 2}`);
  console.log(
    JSON.stringify({ 'µs a task': (milliseconds * 1000) / n, 'peak MB': process.resourceUsage().maxRSS / 1024 }),
  );
}

void main(process.argv[2]!, Number(process.argv[3]));
