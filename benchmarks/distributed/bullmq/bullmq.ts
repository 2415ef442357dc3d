// 20,000 tiny tasks through a queue in Redis, to one worker that runs 100 at once. Contestants: BullMQ alone, with jobs
// added 1,000 at a time (the floor); the same with a driver that receives each result (`heard`); Tidemark; and Tidemark
// with one job per task, as for longer tasks (`one by one`).
//
// node bullmq.js floor|heard|ours|"one by one"
// The environment variable BENCH_REDIS is the URI of Redis.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Queue, QueueEvents, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { Param, Runner, Task, task } from 'tidemark';
import { bullmq, startWorker } from 'tidemark/bullmq';

const jobs = 20_000;
/** Enough for V8 to compile the measured code on both sides. */
const warmUp = 5_000;
const atOnce = 100;
const addedAtOnce = 1_000;
const uri = process.env['BENCH_REDIS'] ?? '';
const connection = { url: uri };

@Task({ queue: 'tiny' })
export class Tiny {
  @Param() n!: number;
  run(): number {
    return this.n + 1;
  }
}

/** Has jobs done, of numbers from one on. */
interface Contestant {
  run(from: number, count: number): Promise<void>;
  close(): Promise<void>;
}

/** @param hears whether the driver receives the results */
async function bare(worker: ChildProcess, hears: boolean): Promise<Contestant> {
  const queue = new Queue('bare', { connection, streams: { events: { maxLen: 1_000_000 } } });
  const events = hears ? new QueueEvents('bare', { connection }) : undefined;
  await Promise.all([queue.waitUntilReady(), events?.waitUntilReady()]);
  const opts = { removeOnComplete: true, removeOnFail: true };
  return {
    async run(from, count) {
      let heard = 0;
      const all = new Promise<void>((resolve) =>
        events?.on('completed', ({ returnvalue }) => Number(returnvalue) > from && ++heard === count && resolve()),
      );
      worker.send(count);
      const done = once(worker, 'message');
      for (let n = from; n < from + count; n += addedAtOnce) {
        const added = Array.from({ length: addedAtOnce }, (_, i) => ({ name: 'tiny', data: { n: n + i }, opts }));
        await queue.addBulk(added);
      }
      await Promise.all([done, hears && all]);
    },
    async close() {
      await Promise.all([queue.close(), events?.close()]);
    },
  };
}

/** @param bundle how many tasks may go as one job */
function ours(bundle: number): Contestant {
  const runner = new Runner({ executor: bullmq({ connection: uri, bundle }), storage: uri });
  return {
    async run(from, count) {
      const results = await runner.run(Array.from({ length: count }, (_, i) => task(Tiny, { n: from + i })));
      if (results.some((result, i) => result !== from + i + 1)) throw new Error('the results are wrong');
    },
    close: () => runner.close(),
  };
}

async function main(name: string): Promise<void> {
  const worker = fork(__filename, [name, 'worker']);
  await once(worker, 'message');
  const contestant = isOurs(name) ? ours(name === 'ours' ? 50 : 1) : await bare(worker, name === 'heard');
  await contestant.run(0, warmUp);
  const before = await cpuOfAll(worker);
  const start = performance.now();
  await contestant.run(warmUp, jobs);
  const milliseconds = performance.now() - start;
  const after = await cpuOfAll(worker);
  const figures = Object.keys(before).map((process) => [
    `µs of CPU a job, ${process}`,
    (after[process]! - before[process]!) / jobs,
  ]);
  console.log(JSON.stringify({ 'µs a job': (milliseconds * 1000) / jobs, ...Object.fromEntries(figures) }));
  await contestant.close();
  worker.disconnect();
}

/** In microseconds since each process began. */
async function cpuOfAll(worker: ChildProcess): Promise<Readonly<Record<string, number>>> {
  worker.send('cpu');
  const [ofWorker] = await once(worker, 'message');
  return { driver: cpu(), worker: ofWorker, redis: await cpuOfRedis() };
}

function cpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function cpuOfRedis(): Promise<number> {
  const client = new Redis(uri);
  const told = await client.info('cpu');
  client.disconnect();
  const seconds = ['user', 'sys'].map((kind) => Number(new RegExp(`used_cpu_${kind}:([\\d.]+)`).exec(told)![1]));
  return seconds.reduce((a, b) => a + b) * 1e6;
}

/** Processes jobs by BullMQ alone, and reports when the expected number is done. */
function bareWorker(): void {
  let left = 0;
  const worker = new Worker('bare', async ({ data }) => (data as { n: number }).n + 1, {
    connection,
    concurrency: atOnce,
  });
  worker.on('completed', () => --left === 0 && process.send!('done'));
  worker.on('ready', () => process.send!('ready'));
  process.on('message', (said: number | 'cpu') => {
    if (said === 'cpu') process.send!(cpu());
    else left = said;
  });
}

async function ourWorker(): Promise<void> {
  await startWorker({
    modules: [__filename],
    connection: uri,
    queues: ['tiny'],
    concurrency: atOnce,
    executor: 'inline',
  });
  process.on('message', () => process.send!(cpu()));
  process.send!('ready');
}

function isOurs(name: string): boolean {
  return name === 'ours' || name === 'one by one';
}

const [name = '', role] = process.argv.slice(2);
if (require.main === module) {
  // Workers exit with their parent process.
  if (role === 'worker') process.once('disconnect', () => process.exit());
  if (role !== 'worker') void main(name);
  else if (isOurs(name)) void ourWorker();
  else bareWorker();
}
