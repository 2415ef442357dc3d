// Millions of tasks on one runner, in batches of 10,000, with a listener for all events. Each batch consists of tiny
// tasks, some of which wait, fail once and are retried, return refs to other tasks, or are saved. After every ten
// batches, prints their cost and the memory in use after garbage collection.
//
// node --expose-gc batches.js TASKS FOLDER
import { Param, Requires, type Run, Runner, Task, type TaskContext, task } from 'tidemark';

const size = 10_000;
const between = 10;

@Task()
class Tiny {
  @Param() batch!: number;
  @Param() i!: number;
  run(): number {
    return 1;
  }
}

@Task()
class Waits {
  @Param() batch!: number;
  @Param() i!: number;
  async run(): Promise<number> {
    await new Promise((resolve) => setImmediate(resolve));
    return 1;
  }
}

@Task({ retries: { attempts: 2, delay: 0 } })
class FailsOnce {
  @Param() batch!: number;
  @Param() i!: number;
  run({ attempt }: TaskContext): number {
    if (attempt === 1) throw new Error('the first time');
    return 1;
  }
}

@Task()
class Brings {
  @Param() batch!: number;
  @Param() i!: number;
  run() {
    return [task(Tiny, { batch: this.batch, i: -1 - this.i })];
  }
}

@Task({ save: true })
class Kept {
  @Param() batch!: number;
  @Param() i!: number;
  run(): number {
    return 1;
  }
}

const kinds = { waits: 100, failsOnce: 10, brings: 10, kept: 10 };
const tiny = size - 1 - kinds.waits - kinds.failsOnce - 2 * kinds.brings - kinds.kept;
const several = (length: number) => Array.from({ length }, (_, i) => i);

@Task()
class Batch {
  @Param() batch!: number;
  @Requires(({ batch }) => several(tiny).map((i) => task(Tiny, { batch, i }))) tiny!: number[];
  @Requires(({ batch }) => several(kinds.waits).map((i) => task(Waits, { batch, i }))) waits!: number[];
  @Requires(({ batch }) => several(kinds.failsOnce).map((i) => task(FailsOnce, { batch, i }))) failsOnce!: number[];
  @Requires(({ batch }) => several(kinds.brings).map((i) => task(Brings, { batch, i }))) brings!: number[][];
  @Requires(({ batch }) => several(kinds.kept).map((i) => task(Kept, { batch, i }))) kept!: number[];
  run(): number {
    return [this.tiny, this.waits, this.failsOnce, this.brings, this.kept].reduce((sum, { length }) => sum + length, 1);
  }
}

async function main(tasks: number, folder: string): Promise<void> {
  const runner = new Runner({ storage: `file:${folder}` });
  const batches = tasks / size;
  let start = performance.now();
  let cpu = process.cpuUsage();
  for (let batch = 1; batch <= batches; batch++) {
    await runBatch(runner, batch);
    if (batch % between !== 0) continue;
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    print({ tasks: batch * size, seconds, cpuSeconds: (user + system) / 1e6, of: between * size });
    start = performance.now();
    cpu = process.cpuUsage();
  }
  await runner.close();
}

async function runBatch(runner: Runner, batch: number): Promise<void> {
  const run = runner.start(Batch, { batch });
  const heard = countFinished(run);
  await run.result;
  const { ran, saved } = await run.summary;
  const finished = await heard;
  if (ran !== size || finished !== size || saved !== kinds.kept)
    throw new Error(`batch ${batch}: ${ran} of ${size} tasks ran, ${finished} were heard of, ${saved} saved`);
}

async function countFinished(run: Run<unknown>): Promise<number> {
  let finished = 0;
  for await (const { type } of run.events) if (type === 'task-finished') finished++;
  return finished;
}

function print(spent: { tasks: number; seconds: number; cpuSeconds: number; of: number }): void {
  global.gc!();
  const { heapUsed, external, rss } = process.memoryUsage();
  const megabytes = (bytes: number) => bytes / 2 ** 20;
  const line = {
    tasks: spent.tasks,
    'µs a task': (spent.seconds * 1e6) / spent.of,
    'µs of CPU a task': (spent.cpuSeconds * 1e6) / spent.of,
    'heap MB': megabytes(heapUsed),
    'external MB': megabytes(external),
    'resident MB': megabytes(rss),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

void main(Number(process.argv[2]), process.argv[3]!);
