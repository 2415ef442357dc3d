import { insist } from './insist';
import type { QueueMetrics } from './queue-executor';
import type { Session } from './session';

/** Asked of Redis for all queues that a driver uses. */
export async function queueMetrics({
  queues,
  board,
  keys,
  commands,
  adding,
}: Session): Promise<Record<string, QueueMetrics>> {
  const notices = await board.on();
  const failed = await commands.client.hgetall(keys.failed);
  const entries = queues.map(async ({ name, queue }) => {
    const {
      wait = 0,
      active = 0,
      delayed = 0,
      prioritized = 0,
    } = await insist(adding.client, () => queue.getJobCounts('wait', 'active', 'delayed', 'prioritized'));
    const workers = notices.filter(({ queues: taken }) => taken.includes(queue.name)).length;
    const metrics = {
      waiting: wait + delayed + prioritized,
      active,
      failed: Number(failed[queue.name] ?? 0) || 0,
      workers,
    };
    return [name, metrics] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
