import type { Command } from 'commander';
import { print, printMessage } from '../output';
import { addStorageOption, findKey, type StorageOption, storageFor, withStorage } from '../storage';

export function define(command: Command): void {
  command.argument('<keys...>', 'keys or unique prefixes, such as Train/3f2a');
  addStorageOption(command, 'in this folder');
  command.action((texts: readonly string[], options: StorageOption) =>
    withStorage(storageFor(options), async (storage) => {
      // Finds all keys before it deletes the first, so that a wrong key deletes nothing.
      const keys = new Set<Awaited<ReturnType<typeof findKey>>>();
      for (const text of texts) keys.add(await findKey(storage, text));
      for (const key of keys) {
        if (await storage.delete(key)) print(`${key}\n`);
        if (await storage.has(key)) printMessage(`${key} stays in a read-only layer`);
      }
    }),
  );
}
