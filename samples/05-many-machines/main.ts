// A graph whose tasks run on workers: programs that take jobs from queues in Redis, here or on other machines. This
// program starts a Redis and two workers of its own, so that it can be tried in one go; README.md has the three commands
// of which this is made. It needs a redis-server, and the packages bullmq, ioredis and @keyv/redis.
//
// Expected output:
//   worker 1: worker <host> · queues darts, Pi · 1 at once · running 0 · done 0 · failed 0
//   worker 2: worker <host> · queues darts, Pi · 1 at once · running 0 · done 0 · failed 0
//
//   π is about 3.1422, say 17 tasks on 2 workers
//   π is about 3.1422, says what is saved: 0 tasks ran, 1 was loaded
//
//   worker 1 was told to stop: it ended with code 0
//   with what is left, π is about 3.1430: 17 tasks ran on 1 worker
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Runner } from 'tidemark';
import { bullmq } from 'tidemark/bullmq';
import { PrivateRedis } from './private-redis';
import { Pi } from './tasks';

const commandLine = path.join(path.dirname(require.resolve('tidemark/package.json')), 'dist/cli/main.js');

/** `tidemark worker tasks.js --redis …` in a process of its own. */
async function startWorker(name: string, redis: string): Promise<ChildProcess> {
  const args = [commandLine, 'worker', require.resolve('./tasks'), '--redis', redis];
  const worker = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'pipe'] });
  process.once('exit', () => worker.kill('SIGKILL'));
  const [said] = await once(createInterface({ input: worker.stderr! }), 'line');
  console.log(`${name}: ${said}`);
  return worker;
}

/** Runs Pi on the workers; tells how many tasks ran, and on how many workers. */
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
  console.log(`\nπ is about ${first.pi}, say ${first.ran} tasks on ${first.workers} workers`);
  const again = await estimate(runner, 3_000_000);
  console.log(`π is about ${again.pi}, says what is saved: ${again.ran} tasks ran, ${again.loaded} was loaded`);

  workers[0].kill('SIGTERM');
  const [code] = await once(workers[0], 'exit');
  console.log(`\nworker 1 was told to stop: it ended with code ${code}`);
  const rest = await estimate(runner, 1_000_000);
  console.log(`with what is left, π is about ${rest.pi}: ${rest.ran} tasks ran on ${rest.workers} worker`);

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
} else console.log('skipped: there is no redis-server on the PATH');
