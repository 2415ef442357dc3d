// A graph whose tasks run on workers: processes that take jobs from queues in Redis, on this machine or others. To be
// self-contained, this program starts its own Redis and two workers; README.md lists the equivalent commands.
// Requires a redis-server and the packages bullmq, ioredis and @keyv/redis.
//
// Expected output:
//   worker 1: worker <host> · queues darts, Pi · 1 at once · running 0 · done 0 · failed 0
//   worker 2: worker <host> · queues darts, Pi · 1 at once · running 0 · done 0 · failed 0
//
//   computed, π is about 3.1422: 17 tasks ran on 2 workers
//   loaded, π is about 3.1422: 0 tasks ran, 1 was loaded
//
//   worker 1 was stopped: exit code 0
//   on the other one, π is about 3.1430: 17 tasks ran on 1 worker
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Runner } from 'tidemark';
import { bullmq } from 'tidemark/bullmq';
import { PrivateRedis } from './private-redis';
import { Pi } from './tasks';

const commandLine = path.join(path.dirname(require.resolve('tidemark/package.json')), 'dist/cli/main.js');

/** `tidemark worker tasks.js --redis …` in a separate process. */
async function startWorker(name: string, redis: string): Promise<ChildProcess> {
  const args = [commandLine, 'worker', require.resolve('./tasks'), '--redis', redis];
  const worker = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'pipe'] });
  process.once('exit', () => worker.kill('SIGKILL'));
  const [said] = await once(createInterface({ input: worker.stderr! }), 'line');
  console.log(`${name}: ${said}`);
  return worker;
}

/** Runs Pi on the workers and counts the tasks that ran and the workers that ran them. */
async function estimate(runner: Runner, throws: number) {
  const run = runner.start(Pi, { throws });
  const workers = new Set<string>();
  for await (const event of run.events) if (event.type === 'task-assigned') workers.add(event.worker);
  const { ran, loaded } = await run.summary;
  return { pi: (await run.result).toFixed(4), ran, loaded, workers: workers.size };
}

async function main(): Promise<void> {
  const redis = await PrivateRedis.start();
  const workers = [await startWorker('worker 1', redis.uri), await startWorker('worker 2', redis.uri)] as const;
  // Jobs and results are in the same Redis.
  const runner = new Runner({ executor: bullmq({ connection: redis.uri }), storage: redis.uri });

  const first = await estimate(runner, 3_000_000);
  console.log(`\ncomputed, π is about ${first.pi}: ${first.ran} tasks ran on ${first.workers} workers`);
  const again = await estimate(runner, 3_000_000);
  console.log(`loaded, π is about ${again.pi}: ${again.ran} tasks ran, ${again.loaded} was loaded`);

  workers[0].kill('SIGTERM');
  const [code] = await once(workers[0], 'exit');
  console.log(`\nworker 1 was stopped: exit code ${code}`);
  const rest = await estimate(runner, 1_000_000);
  console.log(`on the other one, π is about ${rest.pi}: ${rest.ran} tasks ran on ${rest.workers} worker`);

  await runner.close();
  workers[1].kill('SIGTERM');
  await once(workers[1], 'exit');
  await redis.stop();
}

if (PrivateRedis.isInstalled()) {
  main().catch((error: Error) => {
    console.log(error.message);
    process.exit(1);
  });
} else console.log('skipped: redis-server not found on the PATH');
