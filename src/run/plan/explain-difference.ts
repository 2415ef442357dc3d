import { isDeepStrictEqual } from 'node:util';
import { type CheckpointRecord, paramsToJson } from '../../storage/format/record';
import type { Storage } from '../../storage/storage';
import type { TaskKey } from '../../task/context';
import { definitionOf, type TaskDefinition } from '../../task/definition';
import { findTaskClass } from '../../task/registry';
import type { Plan, PlannedNode } from './plan';

/** One change since a result was saved. */
export interface Difference {
  /** `hidden`: not in records, such as a secret, long bytes, a literal in a requirement, or which of these changed. */
  readonly what: 'version' | 'param' | 'requirement' | 'fingerprint' | 'source' | 'hidden';
  /** The param, or the task that is required. */
  readonly name?: string;
  /** JSON values of records, or keys; undefined for an absent value. */
  readonly before: unknown;
  readonly now: unknown;
  /** The differences of a requirement; undefined when they are unknown, since it is not saved. */
  readonly because?: readonly Difference[] | undefined;
}

/** The saved result of a task that is most similar to a planned one, with the differences. */
export interface Nearest {
  readonly record: CheckpointRecord;
  readonly differences: readonly Difference[];
}

/** The limits of records read for a task, and of records compared when none has the same params. */
const readRecords = 100_000;
const comparedRecords = 1_000;
/** The depth to which requirements of requirements are followed. */
const deepest = 50;

/** The records of a task's results. */
interface SavedOfTask {
  readonly byKey: ReadonlyMap<string, CheckpointRecord>;
  readonly byParams: ReadonlyMap<string, readonly CheckpointRecord[]>;
}

/**
 * Explains why planned tasks have other keys than saved results.
 *
 * @example
 * const plan = await runner.plan(Train, { epochs: 20 });
 * const nearest = await new Differences(plan, runner.storage).of(plan.nodes.at(-1)!);
 */
export class DifferenceExplainer {
  readonly #storage: Storage;
  readonly #planned: ReadonlyMap<string, PlannedNode>;
  readonly #saved = new Map<string, Promise<SavedOfTask>>();
  readonly #compared = new Map<string, Promise<readonly Difference[]>>();

  constructor({ nodes }: Plan, storage: Storage) {
    this.#storage = storage;
    this.#planned = new Map(nodes.map((node) => [node.key!, node]));
  }

  /** Undefined when no result of the task is saved. A result with the same key differs in its source at most. */
  async explain(node: PlannedNode): Promise<Nearest | undefined> {
    const { byKey, byParams } = await this.#savedOf(node.task);
    const record =
      byKey.get(node.key!) ??
      nearestTo(node, byParams.get(textOf(paramsOf(node))) ?? [...byKey.values()].slice(-comparedRecords));
    return record && { record, differences: await this.#compare(node, record, 0) };
  }

  #savedOf(task: string): Promise<SavedOfTask> {
    let saved = this.#saved.get(task);
    if (!saved) this.#saved.set(task, (saved = this.#read(task)));
    return saved;
  }

  async #read(task: string): Promise<SavedOfTask> {
    const byKey = new Map<string, CheckpointRecord>();
    const byParams = new Map<string, CheckpointRecord[]>();
    for await (const record of this.#storage.list({ task })) {
      byKey.set(record.key, record);
      const params = textOf(record.params);
      const same = byParams.get(params);
      if (same) same.push(record);
      else byParams.set(params, [record]);
      if (byKey.size === readRecords) break;
    }
    return { byKey, byParams };
  }

  #compare(node: PlannedNode, record: CheckpointRecord, depth: number): Promise<readonly Difference[]> {
    const pair = `${node.key} ${record.key}`;
    let compared = this.#compared.get(pair);
    if (!compared) this.#compared.set(pair, (compared = this.#differences(node, record, depth)));
    return compared;
  }

  async #differences(node: PlannedNode, record: CheckpointRecord, depth: number): Promise<readonly Difference[]> {
    const task = taskOf(node);
    const found: Difference[] = [];
    if (record.version !== task.options.version)
      found.push({ what: 'version', before: record.version, now: task.options.version });
    found.push(...paramDifferences(node, record, task));
    found.push(...(await this.#requirementDifferences(node, record, depth)));
    if (found.length === 0 && record.key !== node.key)
      // With secrets, the two cases cannot be distinguished.
      found.push({
        what: task.hasFingerprint && task.secrets.size === 0 ? 'fingerprint' : 'hidden',
        before: undefined,
        now: undefined,
      });
    if (record.source !== task.source) found.push({ what: 'source', before: record.source, now: task.source });
    return found;
  }

  async #requirementDifferences(
    node: PlannedNode,
    record: CheckpointRecord,
    depth: number,
  ): Promise<readonly Difference[]> {
    const before = new Set(record.requires.map(([key]) => key));
    const today = new Set(node.requires);
    const gone = [...before].filter((key) => !today.has(key));
    const found: Difference[] = [];
    for (const now of today) {
      if (before.has(now)) continue;
      const required = this.#planned.get(now);
      const then = required && (await this.#counterpart(required, gone));
      if (then !== undefined) gone.splice(gone.indexOf(then), 1);
      const because = required && then !== undefined ? await this.#because(required, then, depth) : undefined;
      found.push({ what: 'requirement', name: required?.task ?? now, before: then, now, because });
    }
    return [
      ...found,
      ...gone.map((key): Difference => ({ what: 'requirement', name: taskNameIn(key), before: key, now: undefined })),
    ];
  }

  /** The previous key of a requirement: of the same task, and the most similar if several are saved. */
  async #counterpart(required: PlannedNode, gone: readonly TaskKey[]): Promise<TaskKey | undefined> {
    const ofTask = gone.filter((key) => taskNameIn(key) === taskNameIn(required.key!));
    if (ofTask.length < 2) return ofTask[0];
    const { byKey } = await this.#savedOf(required.task);
    const saved = ofTask.flatMap((key) => byKey.get(key) ?? []);
    return nearestTo(required, saved)?.key ?? ofTask[0];
  }

  async #because(required: PlannedNode, then: TaskKey, depth: number): Promise<readonly Difference[] | undefined> {
    const record = (await this.#savedOf(required.task)).byKey.get(then);
    return record && depth < deepest ? this.#compare(required, record, depth + 1) : undefined;
  }
}

/** The record with the most params in common; then by requirements, version and time. */
function nearestTo(node: PlannedNode, records: readonly CheckpointRecord[]): CheckpointRecord | undefined {
  const params = paramsOf(node);
  const { version } = taskOf(node).options;
  const today = new Set(node.requires);
  const likeness = (record: CheckpointRecord): readonly number[] => [
    Object.keys(params).filter((name) => isSame(params[name], record.params[name])).length,
    record.requires.filter(([key]) => today.has(key)).length,
    record.version === version ? 1 : 0,
    record.savedAt.getTime(),
  ];
  let best: { readonly record: CheckpointRecord; readonly likeness: readonly number[] } | undefined;
  for (const record of records) {
    const its = likeness(record);
    if (!best || isMore(its, best.likeness)) best = { record, likeness: its };
  }
  return best?.record;
}

function isMore(a: readonly number[], b: readonly number[]): boolean {
  const i = a.findIndex((value, at) => value !== b[at]);
  return i >= 0 && a[i]! > b[i]!;
}

function paramDifferences(node: PlannedNode, record: CheckpointRecord, task: TaskDefinition): readonly Difference[] {
  if ('$encrypted' in record.params) return [];
  const params = paramsOf(node);
  const unkeyed = new Set(task.params.filter(({ keyed }) => !keyed).map(({ name }) => name));
  const names = [...new Set([...Object.keys(record.params), ...Object.keys(params)])].sort();
  return names
    .filter((name) => !unkeyed.has(name) && !isSame(record.params[name], params[name]))
    .map((name): Difference => ({ what: 'param', name, before: record.params[name], now: params[name] }));
}

/** The params in the form of a record. */
function paramsOf(node: PlannedNode): Readonly<Record<string, unknown>> {
  return paramsToJson(node.params, taskOf(node));
}

function taskOf({ task }: PlannedNode): TaskDefinition {
  return definitionOf(findTaskClass(task)!);
}

function taskNameIn(key: TaskKey): string {
  return key.slice(0, key.indexOf('/'));
}

/** A text that is equal for equal params, except for the order of properties in nested objects. */
function textOf(params: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(
    Object.keys(params)
      .sort()
      .map((name) => [name, params[name]]),
  );
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === 'object' && typeof b === 'object' && isDeepStrictEqual(a, b));
}
