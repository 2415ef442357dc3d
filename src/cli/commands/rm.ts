import type { Command } from 'commander';
import { print, printMessage } from '../output';
import { addStorageOption, findKey, type StorageOption, storageFor, withStorage } from '../storage';

export function define(command: Command): void {
  command.argument('<keys...>', 'such as Train/3f2a: as much of each as tells it from the others');
  addStorageOption(command, 'in this folder');
  command.action((texts: readonly string[], options: StorageOption) =>
    withStorage(storageFor(options), async (storage) => {
      // All are found before the first is deleted: a mistake deletes nothing.
      const keys = new Set<Awaited<ReturnType<typeof findKey>>>();
      for (const text of texts) keys.add(await findKey(storage, text));
      for (const key of keys) {
        if (await storage.delete(key)) print(`${key}\n`);
        if (await storage.has(key)) printMessage(`${key} stays in a layer that is read-only`);
      }
    }),
  );
}
