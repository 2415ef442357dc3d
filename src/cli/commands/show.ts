import type { Command } from 'commander';
import { describeError } from '../../base/describe-error';
import { showBytes } from '../../report/units';
import type { CheckpointRecord } from '../../storage/format/record';
import type { Storage } from '../../storage/storage';
import type { TaskKey } from '../../task/context';
import { definitionOf } from '../../task/definition';
import { findTaskClass } from '../../task/registry';
import { print, printMessage } from '../output';
import { printResult, resultToJson, showRecorded, showVersion } from '../show-values';
import { addStorageOption, findKey, type StorageOption, storageFor, withStorage } from '../storage';
import { type Cell, durationCell, showTime, writeTable } from '../table';
import { TaskFile } from '../task-file';

/** A result that another was computed from, or that was computed from it. */
interface LineageEntry {
  readonly key: TaskKey;
  /** Distance in the graph; 1 for direct requirements and dependents. */
  readonly depth: number;
  /** Undefined for a result that is not saved. */
  readonly record: CheckpointRecord | undefined;
}

/** Sources and dependents of a result, each once. */
interface Lineage {
  readonly from: readonly LineageEntry[];
  readonly to: readonly LineageEntry[];
}

/** Follows records in both directions, up to results that are not saved. */
async function findLineage(storage: Storage, key: TaskKey): Promise<Lineage> {
  const records = new Map<TaskKey, CheckpointRecord>();
  const users = new Map<TaskKey, TaskKey[]>();
  for await (const record of storage.list()) {
    records.set(record.key, record);
    for (const source of sourceKeys(record)) {
      const known = users.get(source);
      if (known) known.push(record.key);
      else users.set(source, [record.key]);
    }
  }
  const follow = (next: (key: TaskKey) => readonly TaskKey[]) =>
    traverse(key, next).map(([at, depth]) => ({ key: at, depth, record: records.get(at) }));
  return {
    from: follow((at) => sourceKeys(records.get(at))),
    to: follow((at) => users.get(at) ?? []),
  };
}

/** Keys that a result was computed from: requirements, and results that its refs resolved to. */
function sourceKeys(record: CheckpointRecord | undefined): readonly TaskKey[] {
  if (!record) return [];
  const named = record.dynamic.flatMap(([, keys]) => keys);
  return [...new Set([...record.requires.map(([required]) => required), ...named])];
}

/** Traverses depth first, for an indented list. */
function traverse(
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

interface Options extends StorageOption {
  readonly raw?: true;
  readonly json?: true;
  readonly import?: string;
}

/** A loaded result, or the error. */
type LoadedResult = { readonly value: unknown } | { readonly error: unknown };

export function define(command: Command): void {
  command.argument('<key>', 'key or unique prefix, such as Train/3f2a');
  addStorageOption(command, 'in this folder');
  command
    .option('--raw', 'print only the value: text and bytes unchanged, other values as JSON')
    .option('--json', 'print everything as JSON')
    .option('--import <file>', 'load this file first, for classes or encoders of the value')
    .action(async (text: string, options: Options) => {
      const file = options.import === undefined ? undefined : await TaskFile.load(options.import);
      await withStorage(storageFor(options, file?.path), async (storage) => {
        const key = await findKey(storage, text);
        const record = await recordOf(storage, key);
        if (options.raw) return writeRaw(await storage.get(key, encoderOf(record)));
        const lineage = await findLineage(storage, key);
        const loaded = await loadResult(storage, key, record);
        if (options.json) writeJson(record, lineage, loaded);
        else writeRows(key, record, lineage, loaded);
      });
    });
}

async function recordOf(storage: Storage, key: TaskKey): Promise<CheckpointRecord | undefined> {
  for (const { store } of storage.stack.reads) {
    const entry = await store.find(key, undefined);
    if (entry) return entry.toRecord();
  }
  return undefined;
}

function encoderOf(record: CheckpointRecord | undefined) {
  const cls = record && findTaskClass(record.task);
  return cls && definitionOf(cls).options.encoder;
}

async function loadResult(storage: Storage, key: TaskKey, record: CheckpointRecord | undefined): Promise<LoadedResult> {
  try {
    return { value: await storage.get(key, encoderOf(record)) };
  } catch (error) {
    return { error };
  }
}

function writeRaw(value: unknown): void {
  print(typeof value === 'string' || value instanceof Uint8Array ? value : `${resultToJson(value)}\n`);
}

function writeJson(record: CheckpointRecord | undefined, { from, to }: Lineage, loaded: LoadedResult): void {
  const plain = ({ key, depth, record: its }: LineageEntry) => ({ key, depth, isSaved: its !== undefined });
  const value = 'error' in loaded ? { error: describeError(loaded.error) } : { value: loaded.value };
  print(`${resultToJson({ record, from: from.map(plain), to: to.map(plain), ...value }, 2)}\n`);
}

function writeRows(
  key: TaskKey,
  record: CheckpointRecord | undefined,
  { from, to }: Lineage,
  loaded: LoadedResult,
): void {
  writeTable(undefined, [
    ['key', key],
    ...(record ? factsOf(record) : []),
    ...from.map((relative) => relativeRow('from', relative)),
    ...to.map((relative) => relativeRow('to', relative)),
  ]);
  if ('error' in loaded) {
    printMessage(`cannot show the value: ${describeError(loaded.error)}`);
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

function relativeRow(direction: string, { key, depth, record }: LineageEntry): readonly Cell[] {
  const params = record ? showRecorded(record.params) : '(not saved)';
  const shown = `${'  '.repeat(depth - 1)}${key}  ${params}`;
  return [direction, { shown, raw: key }, { shown: '', raw: String(depth) }];
}
