import { type Awaitable, isPromiseLike } from '../../base/awaitable';
import { Epochs, type MarkedStore } from './epochs';
import { belowKey, lostMark, type MarkLog, ownKey, rootKey, spreadOf } from './mark-log';
import type { MarkStore } from './mark-store';

/**
 * The clear marks on a task's results in one layer: a tree of logs, of which those are read that have to do with the
 * results asked for.
 */
class TaskMarksInStore {
  readonly #task: string;
  readonly #root: MarkLog;
  /** The mark on everything when the log of the task was evicted. */
  readonly #lost: string | undefined;
  readonly #logs = new Map<string, MarkLog>();

  /** @param ids that the log of the task is called by the one above */
  constructor(task: string, root: MarkLog, ids: readonly string[] | undefined) {
    this.#task = task;
    this.#root = root;
    this.#lost = lostMark(ids, root);
  }

  get isEmpty(): boolean {
    return this.#root.isEmpty && this.#lost === undefined;
  }

  /** Whether logs below that of the task may have to be read. */
  get isDeep(): boolean {
    return this.#root.isDeep;
  }

  /** The key of the next log to be read for a result; undefined when all are. @param name the part of its key after the task */
  unread(name: string): string | undefined {
    return this.#visit(name, () => {});
  }

  /** Takes a log that was read. */
  addLog(key: string, log: MarkLog): void {
    this.#logs.set(key, log);
  }

  /** The marks on a result: those that count, of all that were made. */
  marksOn(name: string): readonly string[] {
    const found = new Set<string>();
    const general = this.#lost === undefined ? [] : [this.#lost];
    this.#visit(name, ({ marks, unreadable }, lost) => {
      const mark = marks.get(name);
      if (mark !== undefined) found.add(mark);
      general.push(...unreadable);
      if (lost !== undefined) general.push(lost);
    });
    // A mark on one result is later than the one on everything that it stands behind.
    if (found.size === 0 && this.#root.everything !== undefined) found.add(this.#root.everything);
    return [...found, ...general];
  }

  /** Whether the clear of a mark in another layer, on a result of this name, came here after it came there. */
  hasLater(mark: string, name: string): boolean {
    let isLater = false;
    this.#visit(name, (log) => (isLater ||= log.hasLater(mark)));
    return isLater;
  }

  /** Visits the logs that may have marks on a result. Gives the key of the first that was not read yet. */
  #visit(name: string, visit: (log: MarkLog, lost: string | undefined) => void): string | undefined {
    let log = this.#root;
    visit(log, undefined);
    if (!log.isDeep) return undefined;
    const { generation } = log;
    const spread = spreadOf(name);
    for (let depth = 1; ; depth++) {
      const own = log.moved.get(name);
      const ownName = ownKey(this.#task, generation, spread);
      const ownLog = own && this.#logs.get(ownName);
      if (own && !ownLog) return ownName;
      if (ownLog) visit(ownLog, lostMark(own, ownLog));
      const ids = log.children.get(spread[depth - 1]!);
      if (!ids) return undefined;
      const key = belowKey(this.#task, generation, spread.slice(0, depth));
      const below = this.#logs.get(key);
      if (!below) return key;
      visit(below, lostMark(ids, below));
      log = below;
    }
  }
}

const none: readonly string[] = Object.freeze([]);

/** What one layer has. */
interface StoreMarks {
  readonly store: MarkStore;
  readonly marks: TaskMarksInStore;
}

/**
 * The clear marks on a task's results: which were forgotten, so that what came from them no longer counts.
 *
 * A clear writes a mark of its own into each layer of a storage, one after the other.
 */
class TaskMarks {
  readonly #layers: readonly StoreMarks[];

  constructor(layers: readonly StoreMarks[]) {
    this.#layers = layers.filter(({ marks }) => !marks.isEmpty);
  }

  get isEmpty(): boolean {
    return this.#layers.length === 0;
  }

  /** Whether `load` has to be called before `on`. */
  get isDeep(): boolean {
    return this.#layers.some(({ marks }) => marks.isDeep);
  }

  /** Reads the logs that these results need. @param names the parts of their keys after the task */
  async load(names: readonly string[]): Promise<void> {
    let left: readonly string[] = [...new Set(names)];
    while (left.length > 0) {
      const reads = new Map<string, Awaitable<void>>();
      left = left.filter((name) => this.#read(name, reads));
      const read = [...reads.values()];
      if (read.some(isPromiseLike)) await Promise.all(read);
    }
  }

  /**
   * The marks on a result, less those whose clear came to another layer afterwards. Who saw the mark there began later
   * than all that is marked here; the other way round it may have begun in between.
   *
   * @param name the part of its key after the task
   */
  marksOn(name: string): readonly string[] {
    if (this.#layers.length === 0) return none;
    const all = [...new Set(this.#layers.flatMap(({ marks }) => marks.marksOn(name)))];
    return all.length === 1 ? all : all.filter((mark) => !this.#layers.some(({ marks }) => marks.hasLater(mark, name)));
  }

  /** Starts the next reads that a result needs. Gives whether there were any. */
  #read(name: string, reads: Map<string, Awaitable<void>>): boolean {
    let isLeft = false;
    for (const [i, { store, marks }] of this.#layers.entries()) {
      const key = marks.unread(name);
      if (key === undefined) continue;
      isLeft = true;
      const at = `${i} ${key}`;
      if (!reads.has(at))
        reads.set(
          at,
          store.read(key, (log) => marks.addLog(key, log)),
        );
    }
    return isLeft;
  }
}

/** The clear marks that a run has read, which count for the whole run. */
export class KnownMarks {
  readonly epochs = new Epochs();
  readonly #layers: readonly MarkedStore[];
  readonly #folders = new Map<string, TaskMarks>();
  #trunks: Awaitable<readonly MarkLog[]> | undefined;

  constructor(layers: readonly MarkedStore[]) {
    this.#layers = layers;
  }

  /** Whether none was asked for yet. */
  get areUnread(): boolean {
    return this.#folders.size === 0;
  }

  /** The marks on the results of a task, which were read before. @param folder of the task */
  forTask(folder: string): TaskMarks {
    return this.#folders.get(folder)!;
  }

  /** Reads the marks on the results of tasks that were not read before. @param folders of the tasks */
  async read(folders: readonly string[]): Promise<void> {
    const missing = [...new Set(folders)].filter((folder) => !this.#folders.has(folder));
    for (const { marks } of this.#layers) marks.refresh();
    const reads = missing.map((folder) => allOf(this.#layers.map(({ marks }) => marks.read(rootKey(folder), asItIs))));
    const [trunks, ...roots] = await Promise.all([(this.#trunks ??= this.#readTrunks()), ...reads]);
    for (const [i, folder] of missing.entries())
      this.#folders.set(folder, new TaskMarks(roots[i]!.map((log, layer) => this.#of(folder, log, layer, trunks))));
  }

  #of(folder: string, log: MarkLog, layer: number, trunks: readonly MarkLog[]): StoreMarks {
    const marks = new TaskMarksInStore(folder, log, trunks[layer]!.children.get(folder));
    return { store: this.#layers[layer]!.marks, marks };
  }

  #readTrunks(): Awaitable<readonly MarkLog[]> {
    return allOf(
      this.#layers.map((layer) =>
        layer.marks.readTrunk((trunk, epoch) => {
          this.epochs.record(layer, epoch);
          return trunk;
        }),
      ),
    );
  }
}

const asItIs = (log: MarkLog) => log;

function allOf<T>(values: readonly Awaitable<T>[]): Awaitable<readonly T[]> {
  return values.some(isPromiseLike) ? Promise.all(values) : (values as readonly T[]);
}
