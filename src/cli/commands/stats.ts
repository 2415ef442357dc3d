import type { Command } from 'commander';
import { showBytes, showCount } from '../../report/units';
import type { TaskStats } from '../../storage/stats';
import type { Storage } from '../../storage/storage';
import { print, printMessage } from '../output';
import { addStorageOption, type StorageOption, storageFor, withStorage } from '../storage';
import { type Cell, writeTable } from '../table';

interface Options extends StorageOption {
  readonly json?: true;
}

type Stats = ReadonlyMap<string, TaskStats>;

export function define(command: Command): void {
  addStorageOption(command, 'in this folder');
  command.option('--json', 'print the statistics as JSON').action((options: Options) =>
    withStorage(storageFor(options), async (storage) => {
      const stats = await storage.stats();
      if (options.json) return print(`${JSON.stringify(Object.fromEntries(stats), null, 2)}\n`);
      writeStats(stats);
      await printTotals(stats, storage);
    }),
  );
}

/** Scripts depend on the first three columns; others have all figures in JSON. */
function writeStats(stats: Stats): void {
  const hasDisk = process.stdout.isTTY && [...stats.values()].some(({ disk }) => disk !== undefined);
  const rows = Array.from(stats, ([task, { count, bytes, disk }]) => [
    task,
    { shown: showCount(count), raw: String(count) },
    bytesCell(bytes),
    ...(hasDisk ? [bytesCell(disk)] : []),
  ]);
  writeTable(['task', 'results', 'size', ...(hasDisk ? ['on disk'] : [])], rows);
}

function bytesCell(bytes: number | undefined): Cell {
  return bytes === undefined ? '' : { shown: showBytes(bytes), raw: String(bytes) };
}

async function printTotals(stats: Stats, storage: Storage): Promise<void> {
  const all = [...stats.values()];
  const sum = (of: (one: TaskStats) => number) => all.reduce((before, one) => before + of(one), 0);
  const count = sum((one) => one.count);
  const disk = await storage.diskSize();
  const onDisk = disk === undefined ? '' : ` (${showBytes(disk)} on disk)`;
  printMessage(
    `${showCount(count)} ${count === 1 ? 'result' : 'results'}, ${showBytes(sum((one) => one.bytes))}${onDisk}, in ${storage.location}`,
  );
  const unnamed = sum((one) => one.unnamed?.count ?? 0);
  if (unnamed === 0) return;
  const bytes = sum((one) => one.unnamed?.bytes ?? 0);
  const tasks = Array.from(stats).flatMap(([task, one]) => (one.unnamed ? [task] : []));
  printMessage(
    `${showBytes(bytes)} without a record: results that are being saved, or whose process was killed while saving them; tidemark clear removes these (${tasks.join(', ')})`,
  );
}
