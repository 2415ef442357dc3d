import type { Command } from 'commander';
import { showBytes, showCount } from '../../report/units';
import { print, say } from '../output';
import { addStorageOption, type StorageOption, storageFor, withStorage } from '../storage-option';
import { writeTable } from '../table';

interface Options extends StorageOption {
  readonly json?: true;
}

export function define(command: Command): void {
  addStorageOption(command, 'in this folder');
  command.option('--json', 'print them as JSON').action((options: Options) =>
    withStorage(storageFor(options), async (storage) => {
      const stats = await storage.stats();
      if (options.json) return print(`${JSON.stringify(Object.fromEntries(stats), null, 2)}\n`);
      const rows = Array.from(stats, ([task, { count, bytes }]) => [
        task,
        { shown: showCount(count), raw: String(count) },
        { shown: showBytes(bytes), raw: String(bytes) },
      ]);
      writeTable(['task', 'results', 'size'], rows);
      const all = [...stats.values()];
      const count = all.reduce((sum, one) => sum + one.count, 0);
      const bytes = all.reduce((sum, one) => sum + one.bytes, 0);
      say(`${showCount(count)} ${count === 1 ? 'result' : 'results'}, ${showBytes(bytes)}, in ${storage.location}`);
    }),
  );
}
