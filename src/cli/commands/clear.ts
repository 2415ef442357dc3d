import type { Command } from 'commander';
import { nearestName } from '../../base/show';
import { clearResult, clearTask } from '../../storage/clear-results';
import type { Storage } from '../../storage/storage';
import { safeName } from '../../task/safe-name';
import { UsageError } from '../errors';
import { print, printMessage } from '../output';
import { findKey, storageFor, withStorage } from '../storage';
import { addTaskArguments, selectTask, type TaskCommandOptions, withRunner } from '../task-command';
import { isFileName } from '../task-file';

interface Options extends TaskCommandOptions {
  readonly all?: true;
}

export function define(command: Command): void {
  addTaskArguments(command)
    .usage('KEY | TASK | FILE [Task] [--param value …] [options]')
    .option('--all', 'delete all results')
    .action(async () => {
      const options = command.opts<Options>();
      const [what, ...rest] = command.args;
      if (what !== undefined && isFileName(what)) return clearTaskOf(command);
      if (options.help) return print(command.helpInformation());
      if ((what === undefined) !== (options.all === true) || rest.length > 0)
        throw new UsageError(`nothing to clear; usage: tidemark clear ${command.usage()}, or --all`);
      await withStorage(storageFor(options), (storage) => clearIn(storage, what));
    });
}

/** Clears one result of a task of a file, given its params, or all of its results. */
async function clearTaskOf(command: Command): Promise<void> {
  const selected = await selectTask(command);
  if (!selected) return;
  const { params, paramsFile } = command.opts<Options>();
  const isOne = Object.keys(selected.params).length > 0 || params !== undefined || paramsFile !== undefined;
  await withRunner(selected, {}, async (runner) =>
    printDeleted(isOne ? await runner.clear(selected.cls, selected.params) : await runner.clear(selected.cls)),
  );
}

async function clearIn(storage: Storage, what: string | undefined): Promise<void> {
  if (what === undefined) {
    await storage.clear();
    printMessage(`deleted everything in ${storage.location}`);
    return;
  }
  const tasks = [...(await storage.stats()).keys()];
  if (what.includes('/') && !tasks.includes(what)) return clearKey(storage, what);
  const suggestion = tasks.includes(what) ? undefined : nearestName(what, tasks);
  if (suggestion)
    throw new UsageError(`no result of ${what} is saved in ${storage.location}; did you mean ${suggestion}?`);
  printDeleted(await clearTask(storage.stack, safeName(what)));
}

async function clearKey(storage: Storage, text: string): Promise<void> {
  const key = await findKey(storage, text);
  printDeleted((await clearResult(storage.stack, key)) ? [key] : []);
}

function printDeleted(deleted: readonly string[]): void {
  for (const key of deleted) print(`${key}\n`);
  const results = deleted.length === 1 ? '1 result' : `${deleted.length} results`;
  printMessage(`${results} deleted; results computed from ${deleted.length === 1 ? 'it' : 'them'} are no longer valid`);
}
