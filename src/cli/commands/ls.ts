import type { Command } from 'commander';
import { showBytes } from '../../report/units';
import type { CheckpointRecord } from '../../storage/format/record';
import { print, printMessage } from '../output';
import { showRecorded } from '../show-values';
import { addStorageOption, type StorageOption, storageFor, withStorage } from '../storage';
import { type Cell, durationCell, showTime, writeTable } from '../table';

interface Options extends StorageOption {
  readonly json?: true;
}

export function define(command: Command): void {
  command.argument('[task]', 'only results of this task');
  addStorageOption(command, 'in this folder');
  command
    .option('--json', 'print the records as JSON, one per line')
    .action((task: string | undefined, options: Options) =>
      withStorage(storageFor(options), async (storage) => {
        const records: CheckpointRecord[] = [];
        const unreadable: string[] = [];
        const onUnreadable = (key: string, problem: string) => void unreadable.push(`${key}: ${problem}`);
        for await (const record of storage.list(task === undefined ? { onUnreadable } : { task, onUnreadable }))
          records.push(record);
        records.sort(byTaskAndTime);
        if (options.json) for (const record of records) print(`${JSON.stringify(record)}\n`);
        else writeTable(['key', 'took', 'size', 'saved', 'params'], records.map(toCells));
        printUnreadable(unreadable);
        if (records.length === 0)
          printMessage(`no results${task === undefined ? '' : ` of ${task}`} are saved in ${storage.location}`);
      }),
    );
}

const maxUnreadable = 5;

function printUnreadable(unreadable: readonly string[]): void {
  if (unreadable.length === 0) return;
  const one = unreadable.length === 1;
  const rest = unreadable.length - maxUnreadable;
  printMessage(
    `${unreadable.length} ${one ? 'checkpoint' : 'checkpoints'} cannot be read; tidemark rm deletes ${one ? 'it' : 'them'}:`,
  );
  for (const text of unreadable.slice(0, maxUnreadable)) printMessage(`    ${text}`);
  if (rest > 0) printMessage(`    … and ${rest} more`);
}

function toCells({ key, seconds, size, savedAt, params }: CheckpointRecord): readonly Cell[] {
  return [
    key,
    durationCell(seconds),
    { shown: showBytes(size), raw: String(size) },
    { shown: showTime(savedAt), raw: savedAt.toISOString() },
    { shown: showRecorded(params), raw: JSON.stringify(params) },
  ];
}

function byTaskAndTime(a: CheckpointRecord, b: CheckpointRecord): number {
  if (a.task !== b.task) return a.task < b.task ? -1 : 1;
  return a.savedAt.getTime() - b.savedAt.getTime() || (a.key < b.key ? -1 : 1);
}
