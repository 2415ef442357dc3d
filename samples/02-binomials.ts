// A task that requires itself: each number of Pascal's triangle is the sum of the two above it.
// After one result is cleared, only the results that depend on it are recomputed, as `plan` predicts.
//
// Expected output:
//   Choose(6,3) = 20 (ran: 15, loaded: 0)
//   Choose(6,3) = 20 (ran: 0, loaded: 1)
//
//   Choose(3,3) is cleared. The next run will load 3 results and run 4 tasks:
//     Choose(3,3): there is no checkpoint
//     Choose(4,3): it, or something that it came from, was cleared
//     Choose(5,3): it, or something that it came from, was cleared
//     Choose(6,3): it, or something that it came from, was cleared
//
//   Choose(6,3) = 20 (ran: 4, loaded: 3)
import { Param, Requires, Runner, Task, task } from 'tidemark';

@Task({ save: true })
class Choose {
  @Param() n!: number;
  @Param() k!: number;

  @Requires(({ n, k }) => (0 < k && k < n ? [task(Choose, { n: n - 1, k: k - 1 }), task(Choose, { n: n - 1, k })] : []))
  above!: number[];

  run(): number {
    return this.above.length === 0 ? 1 : this.above.reduce((sum, number) => sum + number);
  }
}

const runner = new Runner();
const target = task(Choose, { n: 6, k: 3 });

async function compute(): Promise<void> {
  const run = runner.start(target);
  const result = await run.result;
  const { ran, loaded } = await run.summary;
  console.log(`Choose(6,3) = ${result} (ran: ${ran}, loaded: ${loaded})`);
}

async function main(): Promise<void> {
  await compute();
  await compute();

  await runner.clear(Choose, { n: 3, k: 3 });
  const { nodes, toRun, toLoad } = await runner.plan(target);
  console.log(`\nChoose(3,3) is cleared. The next run will load ${toLoad} results and run ${toRun} tasks:`);
  for (const node of nodes) {
    if (node.action === 'run') console.log(`  Choose(${node.params.n},${node.params.k}): ${node.why}`);
  }

  console.log();
  await compute();
}

void main();
