import type { Redis } from 'ioredis';
import type { DriverQueue } from './driver-queue';
import type { WaitingJob } from './waiting-job';

const askedAtOnce = 500;

/**
 * The jobs that a worker has without this driver having heard of it, as of those that another driver asked for before:
 * what it has takes a lock. With the worker's name.
 */
export async function underWay(
  { jobs, queue }: DriverQueue,
  client: Redis,
): Promise<readonly (readonly [WaitingJob, worker: string | undefined])[]> {
  const waiting = [...jobs.values()].filter(({ isAdded, isStarted }) => isAdded && !isStarted);
  const found: [WaitingJob, string | undefined][] = [];
  for (let i = 0; i < waiting.length; i += askedAtOnce) {
    const some = waiting.slice(i, i + askedAtOnce);
    const keys = some.map(({ sentAs }) => queue.toKey(sentAs));
    const locks = keys.map((key) => `${key}:lock`);
    // Nearly always none of them.
    if ((await client.exists(...locks)) === 0) continue;
    const pipeline = client.pipeline();
    for (const [n, key] of keys.entries()) pipeline.exists(locks[n]!).hget(key, 'pb');
    const replies = ((await pipeline.exec()) ?? []).map(([, reply]) => reply);
    for (const [n, job] of some.entries())
      if (replies[2 * n] === 1) found.push([job, (replies[2 * n + 1] as string | null) ?? undefined]);
  }
  return found.filter(([job]) => jobs.get(job.id) === job && !job.isStarted);
}
