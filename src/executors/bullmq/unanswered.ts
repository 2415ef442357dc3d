import type { Redis } from 'ioredis';
import type { DriverQueue } from './driver-queue';
import { type EventReader, lastEvent } from './event-reader';
import type { WaitingJob } from './waiting-job';

const askedAtOnce = 500;

/**
 * The jobs that are not in Redis, and of which there is no answer in the events either: Redis lost them, or the answer.
 * A job leaves Redis as its answer comes into the events; who reads these may be far behind, having been cut off.
 */
export async function unanswered(
  { jobs, queue, stream }: DriverQueue,
  reader: EventReader,
  client: Redis,
): Promise<readonly WaitingJob[]> {
  const sought = [...jobs.values()].filter(({ isSought }) => isSought);
  const gone: WaitingJob[] = [];
  for (let i = 0; i < sought.length; i += askedAtOnce) {
    const some = sought.slice(i, i + askedAtOnce);
    const keys = some.map(({ sentAs }) => queue.toKey(sentAs));
    // Nearly always all are there.
    const count = await client.exists(...keys);
    if (count === keys.length) for (const job of some) job.isThere();
    else gone.push(...(await missedBefore(some, keys, { stream, reader, client })));
  }
  return gone.filter(({ id, isSought }) => isSought && jobs.has(id));
}

/** Those that were missed at an earlier look, until whose events everything was read. */
async function missedBefore(
  jobs: readonly WaitingJob[],
  keys: readonly string[],
  { stream, reader, client }: { stream: string; reader: EventReader; client: Redis },
): Promise<readonly WaitingJob[]> {
  const pipeline = client.pipeline();
  for (const key of keys) pipeline.exists(key);
  // Asked last, so that the answers of jobs that were not there are not after it.
  pipeline.xrevrange(stream, '+', '-', 'COUNT', 1);
  const replies = ((await pipeline.exec()) ?? []).map(([, reply]) => reply);
  const [last] = replies[keys.length] as [[id: string, fields: string[]]?];
  return jobs.filter((job, i) => {
    if (replies[i] !== 0) {
      job.isThere();
      return false;
    }
    const { missedAt } = job;
    job.missedAt ??= lastEvent(last);
    return missedAt !== undefined && reader.hasRead(stream, missedAt);
  });
}
