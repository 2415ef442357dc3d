import type { TaskDefinition } from '../task/definition';

/** How often a task is tried in all. */
export function attemptsOf({ options: { retries } }: TaskDefinition): number {
  if (retries === undefined) return 1;
  return typeof retries === 'number' ? retries + 1 : retries.attempts;
}

/** How long to wait before an attempt, in milliseconds. Random by a half, so that tasks that failed together do not come back together. */
export function delayBefore(attempt: number, { options: { retries } }: TaskDefinition): number {
  if (retries === undefined || typeof retries === 'number') return 0;
  const { delay = 0, factor = 2, maxDelay = 60_000 } = retries;
  return Math.min(delay * factor ** (attempt - 2), maxDelay) * (0.5 + Math.random() / 2);
}
