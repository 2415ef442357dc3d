// 100,000 tasks in a sequence of fans: one task requires WIDTH tasks, each of which requires the last task of the
// previous fan. Width 1 is a chain, width 100,000 is one task that requires all others.
//
// node width.js floor|ours WIDTH
import { Param, Requires, Runner, Task, task } from 'tidemark';

const about = 100_000;
let width = 1;

@Task()
class Join {
  @Param() level!: number;
  @Requires(({ level }) => (level === 0 ? [] : Array.from({ length: width }, (_, i) => task(Leaf, { level, i }))))
  leaves!: number[];
  run(): number {
    return this.leaves.reduce((sum, one) => sum + one, 0);
  }
}

@Task()
class Leaf {
  @Param() level!: number;
  @Param() i!: number;
  @Requires(({ level }) => task(Join, { level: level - 1 })) before!: number;
  run(): number {
    return this.before >= 0 ? 1 : 0;
  }
}

/** The floor: promises, memoised by a string key, one level after the other so that no stack grows. */
async function floor(levels: number): Promise<number> {
  const memo = new Map<string, Promise<number>>();
  const known = (key: string, compute: () => Promise<number>) => {
    let promise = memo.get(key);
    if (!promise) memo.set(key, (promise = compute()));
    return promise;
  };
  void known('Join/0', async () => 0);
  for (let level = 1; level <= levels; level++) {
    const before = known(`Join/${level - 1}`, async () => 0);
    const leaves = Array.from({ length: width }, (_, i) =>
      known(`Leaf/${level}/${i}`, async () => ((await before) >= 0 ? 1 : 0)),
    );
    void known(`Join/${level}`, async () => (await Promise.all(leaves)).reduce((sum, one) => sum + one, 0));
  }
  return memo.get(`Join/${levels}`)!;
}

async function main(contestant: string, given: number): Promise<void> {
  const runner = new Runner({ storage: 'memory:' });
  const run = (level: number) => (contestant === 'floor' ? floor(level) : runner.run(Join, { level }));
  for (let i = 0; i < 10; i++) await run(500);
  width = given;
  const levels = Math.max(1, Math.floor(about / (width + 1)));
  const start = performance.now();
  const last = await run(levels);
  const ms = performance.now() - start;
  if (last !== width) throw new Error(`the last task gave ${last}`);
  const tasks = 1 + levels * (width + 1);
  console.log(JSON.stringify({ 'µs a task': (ms * 1000) / tasks, 'peak MB': process.resourceUsage().maxRSS / 1024 }));
}

void main(process.argv[2]!, Number(process.argv[3]));
