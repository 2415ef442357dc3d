// 100,000 tasks that each wait for one turn of the event loop, by concurrency.
//
// node concurrency.js floor|ours LIMIT
import { Param, Requires, Runner, Task, task } from 'tidemark';

let count = 1000;

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

@Task()
class Wait {
  @Param() i!: number;
  async run(): Promise<number> {
    await turn();
    return 1;
  }
}

@Task()
class All {
  @Requires(() => Array.from({ length: count }, (_, i) => task(Wait, { i })))
  parts!: number[];
  run(): number {
    return this.parts.length;
  }
}

/** The floor: so many loops that take the next one each. */
async function floor(limit: number): Promise<number> {
  let next = 0;
  let done = 0;
  const loop = async () => {
    while (next < count) {
      next++;
      await turn();
      done++;
    }
  };
  await Promise.all(Array.from({ length: limit }, loop));
  return done;
}

async function main(contestant: string, limit: number): Promise<void> {
  const runner = new Runner({ storage: 'memory:', concurrency: limit });
  const run = () => (contestant === 'floor' ? floor(limit) : runner.run(All));
  for (let i = 0; i < 10; i++) await run();
  count = 100_000;
  const start = performance.now();
  const done = await run();
  const ms = performance.now() - start;
  if (done !== count) throw new Error(`${done} of ${count} are done`);
  console.log(JSON.stringify({ 'µs a task': (ms * 1000) / count, 'peak MB': process.resourceUsage().maxRSS / 1024 }));
}

void main(process.argv[2]!, Number(process.argv[3]));
