import { safeName } from '../task/safe-name';
import type { CheckpointStore } from './checkpoint-store';
import type { CheckpointRecord } from './format/record';
import { listUnnamedBlobs } from './maintain-store';

/** The saved results of one task. */
export interface TaskStats {
  /** The number of results. */
  readonly count: number;
  /** Their stored size in bytes, without records. */
  readonly bytes: number;
  /**
   * The disk space on this machine in bytes: results, records and task directories, in whole blocks. Undefined for
   * stores other than files.
   */
  readonly disk?: number;
  /**
   * Large results without a record: those that are being saved, and leftovers of processes that were killed while they
   * saved. The next save or `clear` of the same results removes the latter.
   */
  readonly unnamed?: { readonly count: number; readonly bytes: number };
}

/** The statistics of each task, by its name. */
export async function collectStats(
  records: AsyncIterable<CheckpointRecord>,
  stores: readonly CheckpointStore[],
): Promise<ReadonlyMap<string, TaskStats>> {
  const stats = new Map<string, TaskStats>();
  for await (const { task, size } of records) {
    const { count, bytes } = stats.get(task) ?? { count: 0, bytes: 0 };
    stats.set(task, { count: count + 1, bytes: bytes + size });
  }
  const names = new Map(Array.from(stats.keys(), (task) => [safeName(task), task]));
  for (const store of stores) await addUnnamed(stats, names, store);
  for (const [task, one] of stats) {
    const disk = await totalDiskSize(stores, safeName(task));
    if (disk !== undefined) stats.set(task, { ...one, disk });
  }
  return new Map([...stats].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** @param names the names of tasks, by their folders */
async function addUnnamed(
  stats: Map<string, TaskStats>,
  names: ReadonlyMap<string, string>,
  store: CheckpointStore,
): Promise<void> {
  for await (const { folder, bytes } of listUnnamedBlobs(store)) {
    const task = names.get(folder) ?? folder;
    const one = stats.get(task) ?? { count: 0, bytes: 0 };
    const unnamed = one.unnamed ?? { count: 0, bytes: 0 };
    stats.set(task, { ...one, unnamed: { count: unnamed.count + 1, bytes: unnamed.bytes + bytes } });
  }
}

/** The disk space of the stores that know it; undefined when none does. @param folder of one task */
export async function totalDiskSize(stores: readonly CheckpointStore[], folder?: string): Promise<number | undefined> {
  let sum: number | undefined;
  for (const store of stores) {
    const size = await store.client.diskSize(folder);
    if (size !== undefined) sum = (sum ?? 0) + size;
  }
  return sum;
}
