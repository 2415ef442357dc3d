import { setTimeout as wait } from 'node:timers/promises';
import type { Drive } from './child';
import type { Fleet } from './fleet';
import type { RedisMeter, RedisUsed } from './redis-meter';

/** The cost of one job, in seconds and bytes. */
export interface JobCost {
  readonly driver: number;
  readonly redis: number;
  readonly worker: number;
  readonly commands: number;
  readonly network: number;
  /** How many were run in a second here, where all share the cores. */
  readonly perSecond: number;
}

/** The cost of one idle worker. */
export interface IdleCost {
  /** Seconds of Redis' CPU in a second. */
  readonly redis: number;
  /** Seconds of CPU time per second. */
  readonly worker: number;
  readonly connections: number;
}

/** @param drive measured after one of a tenth of its size */
export async function measureJobs(fleet: Fleet, meter: RedisMeter, drive: Drive): Promise<JobCost> {
  let before: RedisUsed | undefined;
  let workersBefore = 0;
  const warmUp = { ...drive, count: Math.ceil(drive.count / 10), name: `${drive.name} warm` };
  const used = await fleet.drive(warmUp, drive, async () => {
    [before, workersBefore] = [await meter.read(), await fleet.cpuOfWorkers()];
    await meter.client.config('RESETSTAT');
    before = await meter.read();
  });
  const after = await meter.read();
  const each = (what: number) => what / drive.count;
  return {
    driver: each(used.cpu),
    redis: each(after.cpu - before!.cpu),
    worker: each((await fleet.cpuOfWorkers()) - workersBefore),
    commands: each(after.commands - before!.commands),
    network: each(after.network - before!.network),
    perSecond: drive.count / used.seconds,
  };
}

/** @param count of workers that are there and have nothing to do */
export async function measureIdle(fleet: Fleet, meter: RedisMeter, count: number, seconds: number): Promise<IdleCost> {
  const alone = (await meter.read()).connections;
  await fleet.workers(count, 1);
  await wait(3_000);
  const [before, workersBefore] = [await meter.read(), await fleet.cpuOfWorkers()];
  const start = performance.now();
  await wait(seconds * 1_000);
  const passed = (performance.now() - start) / 1_000;
  const [after, workersAfter] = [await meter.read(), await fleet.cpuOfWorkers()];
  await fleet.stopWorkers();
  return {
    redis: (after.cpu - before.cpu) / passed / count,
    worker: (workersAfter - workersBefore) / passed / count,
    connections: (before.connections - alone) / count,
  };
}

/** How many bytes of Redis' memory a job takes that waits. */
export async function measureWaiting(fleet: Fleet, meter: RedisMeter, count: number): Promise<number> {
  const before = (await meter.read()).memory;
  let after = before;
  await fleet.whileDriven({ kind: 'tiny', count, outstanding: count }, async () => {
    for (let tries = 0; tries < 600; tries++) {
      const waiting = await meter.client.llen('tidemark.jobs:scale:wait');
      if (waiting >= count) break;
      await wait(50);
    }
    after = (await meter.read()).memory;
  });
  return (after - before) / count;
}
