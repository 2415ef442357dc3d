import type { CheckpointRecord } from '../storage/record';
import type { Storage } from '../storage/storage';
import type { TaskKey } from '../task/context';

/** A saved result among those that another came from, or that came from it. */
export interface Relative {
  readonly key: TaskKey;
  /** 1 for those that are required directly, or require it directly. */
  readonly depth: number;
  /** Undefined when it is not saved. */
  readonly record: CheckpointRecord | undefined;
}

/** What a result came from, and what came from it, each once. */
export interface Lineage {
  readonly from: readonly Relative[];
  readonly to: readonly Relative[];
}

/** Follows what records say in both directions; a result that is not saved ends the way. */
export async function lineageOf(storage: Storage, key: TaskKey): Promise<Lineage> {
  const records = new Map<TaskKey, CheckpointRecord>();
  const users = new Map<TaskKey, TaskKey[]>();
  for await (const record of storage.list()) {
    records.set(record.key, record);
    for (const source of sourcesOf(record)) {
      const known = users.get(source);
      if (known) known.push(record.key);
      else users.set(source, [record.key]);
    }
  }
  const follow = (next: (key: TaskKey) => readonly TaskKey[]) =>
    walk(key, next).map(([at, depth]) => ({ key: at, depth, record: records.get(at) }));
  return {
    from: follow((at) => sourcesOf(records.get(at))),
    to: follow((at) => users.get(at) ?? []),
  };
}

/** What a result came from: what its task required, and what refs in results led to. */
function sourcesOf(record: CheckpointRecord | undefined): readonly TaskKey[] {
  if (!record) return [];
  const named = record.dynamic.flatMap(([, keys]) => keys);
  return [...new Set([...record.requires.map(([required]) => required), ...named])];
}

/** Depth first, so that each stands below what it belongs to. */
function walk(
  start: TaskKey,
  next: (key: TaskKey) => readonly TaskKey[],
): readonly (readonly [key: TaskKey, depth: number])[] {
  const seen = new Set([start]);
  const found: [TaskKey, number][] = [];
  const stack = [...next(start)].reverse().map((key): [TaskKey, number] => [key, 1]);
  for (let at = stack.pop(); at; at = stack.pop()) {
    const [key, depth] = at;
    if (seen.has(key)) continue;
    seen.add(key);
    found.push(at);
    for (const one of [...next(key)].reverse()) stack.push([one, depth + 1]);
  }
  return found;
}
