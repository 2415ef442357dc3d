// Tiny tasks through a queue in Redis: bare BullMQ (addBulk in one process, a processor in another) and Tidemark on the
// same Redis, one after the other, several times.
//
// node bullmq.js redis://HOST [jobs, 20000] [rounds, 3] [inline|threads]
//
// Bare BullMQ is measured twice: as it is, when nobody hears of the results, and with QueueEvents, by which who added the
// jobs gets them, as with Tidemark. Prints jobs a second, how much CPU a job takes in the process that asks, in the
// worker and in Redis, and what share of the one and of the other Tidemark reaches.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Queue, QueueEvents, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { bullmq, Param, Runner, startWorker, Task, task } from 'tidemark';

const atOnce = 100;
const addedAtOnce = 1_000;

@Task({ queue: 'tiny' })
export class Tiny {
  @Param() n!: number;
  run(): number {
    return this.n + 1;
  }
}

/** What one round took: of CPU, in microseconds a job. */
interface Figure {
  readonly 'jobs/s': number;
  readonly driver: number;
  readonly worker: number;
  readonly redis: number;
}

/** Measures what is done meanwhile. */
async function measured(uri: string, jobs: number, worker: ChildProcess, act: () => Promise<void>): Promise<Figure> {
  const before = [cpu(), await cpuOf(worker), await cpuOfRedis(uri)] as const;
  const start = performance.now();
  await act();
  const seconds = (performance.now() - start) / 1000;
  const after = [cpu(), await cpuOf(worker), await cpuOfRedis(uri)] as const;
  const [driver, work, redis] = after.map((time, i) => Math.round((time - before[i]!) / jobs)) as [
    number,
    number,
    number,
  ];
  return { 'jobs/s': Math.round(jobs / seconds), driver, worker: work, redis };
}

function cpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function cpuOf(worker: ChildProcess): Promise<number> {
  worker.send('cpu');
  return (await once(worker, 'message'))[0] as number;
}

async function cpuOfRedis(uri: string): Promise<number> {
  const client = new Redis(uri);
  const told = await client.info('cpu');
  client.disconnect();
  const seconds = ['user', 'sys'].map((kind) => Number(new RegExp(`used_cpu_${kind}:([\\d.]+)`).exec(told)![1]));
  return seconds.reduce((a, b) => a + b) * 1e6;
}

/** Adds jobs and waits until the other process has done them all. @param hears whether the results come back */
async function bare(uri: string, jobs: number, worker: ChildProcess, hears: boolean): Promise<Figure> {
  const connection = { url: uri };
  const queue = new Queue('bare', { connection, streams: { events: { maxLen: 1_000_000 } } });
  const events = hears ? new QueueEvents('bare', { connection }) : undefined;
  await Promise.all([queue.waitUntilReady(), events?.waitUntilReady()]);
  const opts = { removeOnComplete: true, removeOnFail: true };
  let heard = 0;
  const figure = await measured(uri, jobs, worker, async () => {
    const all = new Promise<void>((resolve) =>
      events?.on('completed', ({ returnvalue }) => Number(returnvalue) > 0 && ++heard === jobs && resolve()),
    );
    worker.send(jobs);
    const done = once(worker, 'message');
    for (let n = 0; n < jobs; n += addedAtOnce)
      await queue.addBulk(Array.from({ length: addedAtOnce }, (_, i) => ({ name: 'tiny', data: { n: n + i }, opts })));
    await Promise.all([done, hears && all]);
  });
  await Promise.all([queue.close(), events?.close()]);
  return figure;
}

async function ours(uri: string, jobs: number, base: number, worker: ChildProcess): Promise<Figure> {
  const runner = new Runner({ executor: bullmq({ connection: uri }), storage: uri });
  await runner.run(task(Tiny, { n: -1 }));
  const refs = Array.from({ length: jobs }, (_, n) => task(Tiny, { n: base + n }));
  const figure = await measured(uri, jobs, worker, async () => {
    const results = await runner.run(refs);
    if (results.some((result, n) => result !== base + n + 1)) throw new Error('the results are wrong');
  });
  await runner.close();
  return figure;
}

async function main(uri: string, jobs: number, rounds: number, executor: string): Promise<void> {
  const workers = ['bare worker', 'our worker'].map((kind) => fork(__filename, [uri, kind, executor]));
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const shares: { bare: number; heard: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const plain = await bare(uri, jobs, workers[0]!, false);
    const heard = await bare(uri, jobs, workers[0]!, true);
    const own = await ours(uri, jobs, round * jobs, workers[1]!);
    shares.push({ bare: own['jobs/s'] / plain['jobs/s'], heard: own['jobs/s'] / heard['jobs/s'] });
    console.log(JSON.stringify({ bare: plain, 'bare, heard': heard, tidemark: own }));
  }
  console.log(
    JSON.stringify({
      'of bare': median(shares.map((one) => one.bare)),
      'of bare, heard': median(shares.map((one) => one.heard)),
    }),
  );
  for (const worker of workers) worker.kill();
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

/** A process that does jobs by BullMQ alone, and says when it has done as many as it was told of. */
function bareWorker(uri: string): void {
  let left = 0;
  const worker = new Worker('bare', async ({ data }) => (data as { n: number }).n + 1, {
    connection: { url: uri },
    concurrency: atOnce,
  });
  worker.on('completed', () => --left === 0 && process.send!('done'));
  worker.on('ready', () => process.send!('ready'));
  process.on('message', (said: number | 'cpu') => {
    if (said === 'cpu') process.send!(cpu());
    else left = said;
  });
}

async function ourWorker(uri: string, executor: 'inline' | 'threads'): Promise<void> {
  await startWorker({ modules: [__filename], connection: uri, queues: ['tiny'], concurrency: atOnce, executor });
  process.on('message', () => process.send!(cpu()));
  process.send!('ready');
}

const [uri, second = '20000', third = '3', fourth = 'inline'] = process.argv.slice(2) as [
  string,
  string?,
  string?,
  string?,
];
if (require.main === module) {
  // Workers end with who started them.
  if (second.endsWith('worker')) process.once('disconnect', () => process.exit());
  if (second === 'bare worker') bareWorker(uri);
  else if (second === 'our worker') void ourWorker(uri, third as 'inline');
  else void main(uri, Number(second), Number(third), fourth);
}
