// Measures the cost of a job on other machines, and simulates from it how 1,000 workers would process 10 million jobs:
// where this saturates, how long it takes, and what helps.
//
// node scale.js [number of measured jobs, 20000]
//
// The second table is a simulation only. It assumes that driver, Redis and each worker have a core as fast as one of
// this machine, and that the network costs only CPU time of Redis. Costs are measured as CPU time, which other programs
// on the machine hardly affect. Tasks of one millisecond are batched by 18, the size that results when each worker has
// a core of its own; on this machine, which has too few cores, the batch size is forced.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from '../../bench/redis';
import { Fleet } from './fleet';
import { type IdleCost, type JobCost, measureIdle, measureJobs, measureWaiting } from './measure';
import { RedisMeter } from './redis-meter';
import { type Scenario, simulate } from './simulate';

const workers = 1_000;
const tasks = 10_000_000;
const brief = ['1 ms', 0.001] as const;
const inABundle = 18;
const lengths = [
  ['10 ms', 0.01],
  ['100 ms', 0.1],
  ['1 s', 1],
  ['1 min', 60],
] as const;

async function main(count: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-scale-'));
  const redis = await Redis.start(folder);
  if (!redis) throw new Error('there is no redis-server on the PATH');
  const [fleet, meter] = [new Fleet(redis.uri), new RedisMeter(redis.uri)];
  try {
    const waiting = await measureWaiting(fleet, meter, 10_000);
    await meter.client.flushall();
    const idle = await measureIdle(fleet, meter, 10, 20);
    await fleet.workers(2, 4);
    const tiny = await measureJobs(fleet, meter, { kind: 'tiny', count, name: 'tiny' });
    const commands = await meter.commands();
    const saved = await measureJobs(fleet, meter, { kind: 'saved', count, name: 'saved' });
    const bundled = await measureJobs(fleet, meter, { kind: 'tiny', count, bundle: inABundle, name: 'brief' });
    const observed = await measureJobs(fleet, meter, { kind: 'tiny', count: 4_000, takes: 50, name: 'slow' });
    printMeasured({ bundled, tiny, saved, idle, waiting });
    for (const [name, calls, usec] of commands.slice(0, 8))
      console.log(`  ${name}: ${(calls / count).toFixed(2)} a job, ${(usec / count).toFixed(1)} µs`);
    printCheck(observed, saved, idle);
    printCalculated(`not saved, ${inABundle} in a job`, [brief], bundled, idle);
    printCalculated('not saved', lengths, tiny, idle);
    printCalculated('saved, 1 KB', lengths, saved, idle);
  } finally {
    await fleet.stopWorkers();
    meter.close();
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Measured {
  readonly bundled: JobCost;
  readonly tiny: JobCost;
  readonly saved: JobCost;
  readonly idle: IdleCost;
  readonly waiting: number;
}

function printMeasured({ bundled, tiny, saved, idle, waiting }: Measured): void {
  const micro = (seconds: number) => `${Math.round(seconds * 1e6)} µs`;
  const row = (name: string, of: (cost: JobCost) => string) =>
    console.log(`| ${name} | ${of(bundled)} | ${of(tiny)} | ${of(saved)} |`);
  console.log(`| measured, a task | not saved, ${inABundle} in a job | not saved | saved, 1 KB |\n|---|---|---|---|`);
  row('driver, CPU', ({ driver }) => micro(driver));
  row('Redis, CPU', ({ redis }) => micro(redis));
  row('worker, CPU (threads)', ({ worker }) => micro(worker));
  row('commands', ({ commands }) => commands.toFixed(1));
  row('to and from Redis', ({ network }) => `${Math.round(network)} bytes`);
  row('tasks a second here', ({ perSecond }) => String(Math.round(perSecond)));
  console.log(`\na job that waits takes ${Math.round(waiting)} bytes of Redis' memory`);
  console.log(
    `an idle worker has ${idle.connections.toFixed(1)} connections and uses ${(idle.redis * 1e6).toFixed(0)} µs of Redis' CPU and ${(idle.worker * 1e6).toFixed(0)} µs of its own a second\n`,
  );
}

/** Compares the simulation with observed figures. */
function printCheck({ perSecond, driver, redis, worker }: JobCost, _saved: JobCost, idle: IdleCost): void {
  const lanes = 8;
  const said = simulate({
    workers: lanes,
    outstanding: 1_000,
    taskSeconds: 0.05,
    driver,
    redis,
    worker,
    redisIdle: idle.redis,
    drivers: 1,
  });
  console.log(
    `\ncheck: tasks of 50 ms, 2 workers of 4: simulated ${Math.round(said.perSecond)} a second, observed ${Math.round(perSecond)}\n`,
  );
}

function printCalculated(
  what: string,
  lengths: readonly (readonly [name: string, seconds: number])[],
  cost: JobCost,
  idle: IdleCost,
): void {
  console.log(`\n| calculated: ${what} | drivers | tasks a second | 10 million take | driver | Redis | workers |`);
  console.log('|---|---|---|---|---|---|---|');
  for (const [name, taskSeconds] of lengths)
    for (const drivers of [1, 10, 50]) {
      const scenario: Scenario = {
        workers,
        outstanding: 2 * workers,
        taskSeconds,
        driver: cost.driver,
        redis: cost.redis,
        worker: cost.worker,
        redisIdle: idle.redis,
        drivers,
      };
      const { perSecond, driverBusy, redisBusy, workersBusy } = simulate(scenario);
      const busy = [driverBusy, redisBusy, workersBusy].map(percent).join(' | ');
      console.log(`| ${name} | ${drivers} | ${Math.round(perSecond)} | ${time(tasks / perSecond)} | ${busy} |`);
      if (workersBusy > 0.9) break;
    }
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}

function time(seconds: number): string {
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${(seconds / 3_600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(1)} days`;
}

void main(Number(process.argv[2] ?? 20_000)).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
