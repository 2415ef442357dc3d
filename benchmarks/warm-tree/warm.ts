// A tree of 100,001 saved tasks in files: a second start, in a new process.
//
// save    computes and saves the tree
// target  runs the root: plans the whole graph, finds one record, loads one result
// all     looks up every task, which finds 100,001 records and loads no result; then runs the root
//
// node warm.js ours save|target|all FOLDER
import { Param, Requires, Runner, Task, type TaskRef, task } from 'tidemark';

const size = 100_001;

@Task({ save: true })
class Sum {
  @Param() i!: number;
  @Requires(({ i }) => (2 * i + 2 < size ? [task(Sum, { i: 2 * i + 1 }), task(Sum, { i: 2 * i + 2 })] : []))
  parts!: number[];
  run(): number {
    return this.parts.length === 0 ? 1 : this.parts[0]! + this.parts[1]!;
  }
}

async function main(phase: string, folder: string): Promise<void> {
  const runner = new Runner({ storage: `file:${folder}` });
  const start = performance.now();
  if (phase === 'all') await planAll(runner);
  const run = runner.start(Sum, { i: 0 });
  const root = await run.result;
  const ms = performance.now() - start;
  const { ran, loaded } = await run.summary;
  const [toRun, toLoad] = phase === 'save' ? [size, 0] : [0, 1];
  if (root !== (size + 1) / 2) throw new Error(`the root is ${root}`);
  if (ran !== toRun || loaded !== toLoad) throw new Error(`${ran} tasks ran and ${loaded} were loaded`);
  await runner.close();
  console.log(JSON.stringify({ ms, 'peak MB': process.resourceUsage().maxRSS / 1024 }));
}

async function planAll(runner: Runner): Promise<void> {
  const all: TaskRef<number>[] = Array.from({ length: size }, (_, i) => task(Sum, { i }));
  const { toLoad, toRun } = await runner.plan(all);
  if (toLoad !== size || toRun !== 0) throw new Error(`${toLoad} of ${size} are found, ${toRun} are not`);
}

void main(process.argv[3]!, process.argv[4]!);
