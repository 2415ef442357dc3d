import type { Storage } from '../storage/storage';
import type { TaskKey } from '../task/context';
import { nearest } from '../task/nearest';
import { Misuse } from './misuse';

const shownKeys = 5;

/**
 * The key that is meant: whole, or as much of it as tells it from the others, such as `Train/3f2a`.
 *
 * @throws {Misuse} when nothing is saved under it, or it may be several
 */
export async function findKey(storage: Storage, text: string): Promise<TaskKey> {
  const [, task] = /^([^/]+)\/./.exec(text) ?? [];
  if (task === undefined) throw new Misuse(`${text} is no key: a key is a task and a hash, such as Train/3f2a…`);
  // A task's own key may contain anything.
  if (await storage.has(text as TaskKey)) return text as TaskKey;
  const known: TaskKey[] = [];
  // Damaged checkpoints can be deleted too.
  for await (const { key } of storage.list({ onUnreadable: (damaged) => known.push(damaged) })) known.push(key);
  const found = known.filter((key) => key.startsWith(text));
  if (found.length === 1) return found[0]!;
  if (found.length > 1) {
    const shown = found
      .slice(0, shownKeys)
      .sort()
      .map((key) => `\n    ${key}`);
    throw new Misuse(
      `${found.length} keys start with ${text}:${shown.join('')}${found.length > shownKeys ? '\n    …' : ''}`,
    );
  }
  const tasks = new Set(known.map((key) => key.slice(0, key.indexOf('/'))));
  const meant = tasks.has(task) ? undefined : nearest(task, tasks);
  throw new Misuse(
    `nothing is saved under ${text} in ${storage.location}${meant ? `; did you mean the task ${meant}?` : ''}`,
  );
}
