import type { Redis } from 'ioredis';
import type { DriverQueue } from './driver-queue';
import { type EventReader, lastEventId } from './event-reader';
import type { PendingJob } from './pending-job';

const jobsAtOnce = 500;

/**
 * The jobs that are not in Redis, and of which there is no answer in the events either: Redis lost them, or the answer.
 * A job leaves Redis as its answer enters the events; the event reader may lag after a disconnect.
 */
export async function findLostJobs(
  { jobs, queue, stream }: DriverQueue,
  reader: EventReader,
  client: Redis,
): Promise<readonly PendingJob[]> {
  const sought = [...jobs.values()].filter(({ mayBeInRedis }) => mayBeInRedis);
  const gone: PendingJob[] = [];
  for (let i = 0; i < sought.length; i += jobsAtOnce) {
    const some = sought.slice(i, i + jobsAtOnce);
    const keys = some.map(({ redisId }) => queue.toKey(redisId));
    // Nearly always all are there.
    const count = await client.exists(...keys);
    if (count === keys.length) for (const job of some) job.markFound();
    else gone.push(...(await stillMissing(some, keys, { stream, reader, client })));
  }
  return gone.filter(({ id, mayBeInRedis }) => mayBeInRedis && jobs.has(id));
}

/** Those that were missed at an earlier look, until whose events everything was read. */
async function stillMissing(
  jobs: readonly PendingJob[],
  keys: readonly string[],
  { stream, reader, client }: { stream: string; reader: EventReader; client: Redis },
): Promise<readonly PendingJob[]> {
  const pipeline = client.pipeline();
  for (const key of keys) pipeline.exists(key);
  // Asked last, so that the answers of jobs that were not there are not after it.
  pipeline.xrevrange(stream, '+', '-', 'COUNT', 1);
  const replies = ((await pipeline.exec()) ?? []).map(([, reply]) => reply);
  const [last] = replies[keys.length] as [[id: string, fields: string[]]?];
  return jobs.filter((job, i) => {
    if (replies[i] !== 0) {
      job.markFound();
      return false;
    }
    const { missingSince } = job;
    job.missingSince ??= lastEventId(last);
    return missingSince !== undefined && reader.hasRead(stream, missingSince);
  });
}

const locksAtOnce = 500;

/**
 * The jobs that a worker has without this driver having heard of it, as of those that another driver asked for before:
 * what it has takes a lock. With the worker's name.
 */
export async function findActiveJobs(
  { jobs, queue }: DriverQueue,
  client: Redis,
): Promise<readonly (readonly [PendingJob, worker: string | undefined])[]> {
  const waiting = [...jobs.values()].filter(({ isAdded, isStarted }) => isAdded && !isStarted);
  const found: [PendingJob, string | undefined][] = [];
  for (let i = 0; i < waiting.length; i += locksAtOnce) {
    const some = waiting.slice(i, i + locksAtOnce);
    const keys = some.map(({ redisId }) => queue.toKey(redisId));
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
