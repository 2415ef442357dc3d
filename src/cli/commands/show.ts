import type { Command } from 'commander';
import { describeError } from '../../base/describe-error';
import { showBytes } from '../../report/units';
import type { CheckpointRecord } from '../../storage/record';
import type { Storage } from '../../storage/storage';
import type { TaskKey } from '../../task/context';
import { definitionOf } from '../../task/definition';
import { classNamed } from '../../task/registry';
import { findKey } from '../find-key';
import { type Lineage, lineageOf, type Relative } from '../lineage';
import { print, say } from '../output';
import { showRecorded, showVersion } from '../show-difference';
import { printResult, resultToJson } from '../show-result';
import { addStorageOption, type StorageOption, storageFor, withStorage } from '../storage-option';
import { type Cell, writeTable } from '../table';
import { TaskFile } from '../task-file';
import { durationCell, showTime } from '../times';

interface Options extends StorageOption {
  readonly raw?: true;
  readonly json?: true;
  readonly import?: string;
}

/** A result that was loaded, or why it could not be. */
type Loaded = { readonly value: unknown } | { readonly error: unknown };

export function define(command: Command): void {
  command.argument('<key>', 'such as Train/3f2a: as much of it as tells it from the others');
  addStorageOption(command, 'in this folder');
  command
    .option('--raw', 'only the value: text and bytes as they are, anything else as JSON')
    .option('--json', 'all of it as JSON')
    .option('--import <file>', 'load this file first, when the value needs its classes or encoders')
    .action(async (text: string, options: Options) => {
      const file = options.import === undefined ? undefined : await TaskFile.load(options.import);
      await withStorage(storageFor(options, file?.path), async (storage) => {
        const key = await findKey(storage, text);
        const record = await recordOf(storage, key);
        if (options.raw) return writeRaw(await storage.get(key, encoderOf(record)));
        const lineage = await lineageOf(storage, key);
        const loaded = await load(storage, key, record);
        if (options.json) writeJson(record, lineage, loaded);
        else writeRows(key, record, lineage, loaded);
      });
    });
}

async function recordOf(storage: Storage, key: TaskKey): Promise<CheckpointRecord | undefined> {
  for (const { layer } of storage.layers.reads) {
    const entry = await layer.find(key, undefined);
    if (entry) return entry.toRecord();
  }
  return undefined;
}

function encoderOf(record: CheckpointRecord | undefined) {
  const cls = record && classNamed(record.task);
  return cls && definitionOf(cls).options.encoder;
}

async function load(storage: Storage, key: TaskKey, record: CheckpointRecord | undefined): Promise<Loaded> {
  try {
    return { value: await storage.get(key, encoderOf(record)) };
  } catch (error) {
    return { error };
  }
}

function writeRaw(value: unknown): void {
  print(typeof value === 'string' || value instanceof Uint8Array ? value : `${resultToJson(value)}\n`);
}

function writeJson(record: CheckpointRecord | undefined, { from, to }: Lineage, loaded: Loaded): void {
  const plain = ({ key, depth, record: its }: Relative) => ({ key, depth, isSaved: its !== undefined });
  const value = 'error' in loaded ? { error: describeError(loaded.error) } : { value: loaded.value };
  print(`${resultToJson({ record, from: from.map(plain), to: to.map(plain), ...value }, 2)}\n`);
}

function writeRows(key: TaskKey, record: CheckpointRecord | undefined, { from, to }: Lineage, loaded: Loaded): void {
  writeTable(undefined, [
    ['key', key],
    ...(record ? factsOf(record) : []),
    ...from.map((relative) => relativeRow('from', relative)),
    ...to.map((relative) => relativeRow('to', relative)),
  ]);
  if ('error' in loaded) {
    say(`the value cannot be shown: ${describeError(loaded.error)}`);
    process.exitCode = 1;
  } else {
    print('\n');
    printResult(loaded.value);
  }
}

function factsOf(record: CheckpointRecord): readonly (readonly Cell[])[] {
  const { task, version, params, seconds, savedAt, savedBy, size, plainSize, digest, source } = record;
  const encoding = [record.serializer, record.compressor, record.encrypter].filter(Boolean).join(', ');
  const bytes =
    size === plainSize ? showBytes(size) : `${showBytes(size)} (${showBytes(plainSize)} before compression)`;
  return [
    ['task', task],
    ['version', { shown: showVersion(version), raw: String(version ?? '') }],
    ['params', { shown: showRecorded(params), raw: JSON.stringify(params) }],
    ['took', durationCell(seconds)],
    ['saved', { shown: `${showTime(savedAt)} by ${savedBy}`, raw: savedAt.toISOString() }],
    ['size', { shown: bytes, raw: String(size) }],
    ['encoding', encoding],
    ['digest', digest],
    ['source', source],
  ];
}

function relativeRow(direction: string, { key, depth, record }: Relative): readonly Cell[] {
  const params = record ? showRecorded(record.params) : '(not saved)';
  const shown = `${'  '.repeat(depth - 1)}${key}  ${params}`;
  return [direction, { shown, raw: key }, { shown: '', raw: String(depth) }];
}
