import type { JobData } from '../job-content';
import type { WorkerBoard, WorkerNotice } from '../worker-board';
import type { Taken } from './worker-queue';

/** Why no worker of a queue can run a job that this worker cannot run; undefined when another one can. */
export async function whyNobodyCan(
  { queue, job }: Taken,
  board: WorkerBoard,
  own: WorkerNotice,
): Promise<string | undefined> {
  // What is registered in Redis may be no registration: then it is not known who is there.
  const notices = await board.on(queue.bullName).catch(() => []);
  // Redis may have been away, or have lost what was there: others may not be on the board again yet.
  if (!board.isComplete || !notices.some(({ id }) => id === own.id)) return undefined;
  const all = [own, ...notices.filter(({ id }) => id !== own.id)];
  if (all.slice(1).some((notice) => can(notice, job.data))) return undefined;
  const each = all.map((notice) => `${notice.name} ${whatItHas(notice, job.data.task)}`);
  return `no worker of queue ${queue.name} can run ${job.data.task}${inVersion(job.data.version ?? null)}: ${each.join(', ')}; start workers with today's code`;
}

function can({ tasks }: WorkerNotice, { task, version }: Pick<JobData, 'task' | 'version'>): boolean {
  const found = tasks.filter(([name]) => name === task);
  return found.length === 1 && found[0]![1] === (version ?? null);
}

function whatItHas({ tasks }: WorkerNotice, task: string): string {
  const found = tasks.filter(([name]) => name === task);
  if (found.length === 0) return `has no ${task}`;
  if (found.length > 1) return `has ${found.length} tasks of that name`;
  return `has ${inVersion(found[0]![1]).trim() || 'one without a version'}`;
}

function inVersion(version: string | number | null): string {
  return version === null ? '' : ` version ${version}`;
}
