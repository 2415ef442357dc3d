import type { Redis } from 'ioredis';
import type { DriverQueue } from './driver-queue';
import type { WaitingJob } from './waiting-job';

const askedAtOnce = 500;

/**
 * The jobs that are not in Redis, and of which there was no answer although there was time for it to come: Redis lost
 * them, or the answer was missed.
 */
export async function unanswered({ jobs, queue }: DriverQueue, client: Redis): Promise<readonly WaitingJob[]> {
  const added = [...jobs.values()].filter(({ isAdded }) => isAdded);
  const gone: WaitingJob[] = [];
  for (let i = 0; i < added.length; i += askedAtOnce) {
    const some = added.slice(i, i + askedAtOnce);
    const keys = some.map(({ id }) => queue.toKey(id));
    // Nearly always all are there.
    const count = await client.exists(...keys);
    if (count === keys.length) for (const job of some) job.isMissed = false;
    else gone.push(...(await missedTwice(some, keys, client)));
  }
  return gone.filter(({ id, isAdded }) => isAdded && jobs.has(id));
}

async function missedTwice(
  jobs: readonly WaitingJob[],
  keys: readonly string[],
  client: Redis,
): Promise<readonly WaitingJob[]> {
  const pipeline = client.pipeline();
  for (const key of keys) pipeline.exists(key);
  const replies = (await pipeline.exec()) ?? [];
  return jobs.filter((job, i) => {
    const wasMissed = job.isMissed;
    job.isMissed = replies[i]?.[1] === 0;
    return wasMissed && job.isMissed;
  });
}
