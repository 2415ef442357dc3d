import { setTimeout as wait } from 'node:timers/promises';
import type { WorkerOptions } from '../../../../src/executors/bullmq/worker/options';
import { noise } from '../../../support/noise';
import type { RedisServer } from '../../../support/redis-server';
import type { Cluster } from './cluster';

export interface FaultPlace {
  readonly cluster: Cluster;
  readonly server: RedisServer;
  /** Of workers that take the place of killed ones. */
  readonly options: Partial<WorkerOptions>;
}

/** Kills and stops workers, and stops Redis, one fault after the other, until it is told to end. */
export function randomFaults(seed: number, place: FaultPlace): { stop(): Promise<readonly string[]> } {
  const happened: string[] = [];
  let isOver = false;
  const going = (async () => {
    const bytes = noise(3_000, seed);
    for (let i = 0; !isOver; i += 3) {
      const [what, which, long] = bytes.subarray(i % 2_997) as unknown as [number, number, number];
      happened.push(await fault(what, which, long, place));
      await wait(100 + 2 * which);
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await going;
      return happened;
    },
  };
}

async function fault(what: number, which: number, long: number, { cluster, server, options }: FaultPlace) {
  const { workers } = cluster;
  const worker = workers[which % workers.length];
  if (what < 90 || !worker) {
    if (worker) await cluster.kill(worker);
    await cluster.worker(options);
    return 'killed';
  }
  const time = 200 + 8 * long;
  const one = what < 180 ? worker.process : undefined;
  if (one) one.kill('SIGSTOP');
  else server.pause();
  // A worker may stand still for longer than its locks; Redis, not for so long that storage counts as gone.
  await wait(one ? time * 1.5 : time);
  if (one) one.kill('SIGCONT');
  else server.resume();
  return one ? 'stopped' : 'Redis stopped';
}
