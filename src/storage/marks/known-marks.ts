import { type Awaitable, isPromiseLike } from '../../base/awaitable';
import { Epochs, type MarkedStore } from './epochs';
import { belowKey, lostMark, type MarkLog, ownKey, rootKey, spreadOf } from './mark-log';
import type { MarkStore } from './mark-store';

/**
 * The clear marks on the results of a task in one store: a tree of logs, of which only those are read that the results
 * in question need.
 */
class TaskMarksInStore {
  readonly #task: string;
  readonly #root: MarkLog;
  /** The mark on all results, when the log of the task was evicted. */
  readonly #lost: string | undefined;
  readonly #logs = new Map<string, MarkLog>();

  /** @param ids the ids of the task's log in the log above it */
  constructor(task: string, root: MarkLog, ids: readonly string[] | undefined) {
    this.#task = task;
    this.#root = root;
    this.#lost = lostMark(ids, root);
  }

  get isEmpty(): boolean {
    return this.#root.isEmpty && this.#lost === undefined;
  }

  /** Logs below that of the task may have to be read. */
  get isDeep(): boolean {
    return this.#root.isDeep;
  }

  /** The key of the next log to read for a result; undefined when all are read. @param name the part of its key after the task */
  unread(name: string): string | undefined {
    return this.#visit(name, () => {});
  }

  /** Adds a log that was read. */
  addLog(key: string, log: MarkLog): void {
    this.#logs.set(key, log);
  }

  /** The marks on a result that count. */
  marksOn(name: string): readonly string[] {
    const found = new Set<string>();
    const general = this.#lost === undefined ? [] : [this.#lost];
    this.#visit(name, ({ marks, unreadable }, lost) => {
      const mark = marks.get(name);
      if (mark !== undefined) found.add(mark);
      general.push(...unreadable);
      if (lost !== undefined) general.push(lost);
    });
    // A mark on one result is later than the mark on all results before it in the log.
    if (found.size === 0 && this.#root.everything !== undefined) found.add(this.#root.everything);
    return [...found, ...general];
  }

  /** The clear behind a mark in another store reached this store after that one. @param name of the cleared result */
  hasLater(mark: string, name: string): boolean {
    let isLater = false;
    this.#visit(name, (log) => (isLater ||= log.hasLater(mark)));
    return isLater;
  }

  /** Visits the logs that may have marks on a result. Returns the key of the first that is not read yet. */
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

/** The marks on the results of a task in one store. */
interface StoreMarks {
  readonly store: MarkStore;
  readonly marks: TaskMarksInStore;
}

/**
 * The clear marks on the results of a task in all stores. The results, and all results computed from them, no longer
 * count.
 * A clear writes one mark into each store, one after the other.
 */
class TaskMarks {
  readonly #stores: readonly StoreMarks[];

  constructor(stores: readonly StoreMarks[]) {
    this.#stores = stores.filter(({ marks }) => !marks.isEmpty);
  }

  get isEmpty(): boolean {
    return this.#stores.length === 0;
  }

  /** `load` must be called before `marksOn`. */
  get isDeep(): boolean {
    return this.#stores.some(({ marks }) => marks.isDeep);
  }

  /** Reads the logs that some results need. @param names the parts of their keys after the task */
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
   * The marks on a result, without those whose clear reached another store later. A run that saw the later mark began
   * after all of that clear's marks were written; a run that saw only the earlier one may have begun in between.
   *
   * @param name the part of its key after the task
   */
  marksOn(name: string): readonly string[] {
    if (this.#stores.length === 0) return none;
    const all = [...new Set(this.#stores.flatMap(({ marks }) => marks.marksOn(name)))];
    return all.length === 1 ? all : all.filter((mark) => !this.#stores.some(({ marks }) => marks.hasLater(mark, name)));
  }

  /** Starts the next reads for a result. Returns true if there are any. */
  #read(name: string, reads: Map<string, Awaitable<void>>): boolean {
    let isLeft = false;
    for (const [i, { store, marks }] of this.#stores.entries()) {
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

/** The clear marks that a run has read; they count for the whole run. */
export class KnownMarks {
  readonly epochs = new Epochs();
  readonly #stores: readonly MarkedStore[];
  readonly #folders = new Map<string, TaskMarks>();
  #trunks: Awaitable<readonly MarkLog[]> | undefined;

  constructor(stores: readonly MarkedStore[]) {
    this.#stores = stores;
  }

  /** No marks have been read yet. */
  get areUnread(): boolean {
    return this.#folders.size === 0;
  }

  /** The marks on the results of a task; they must have been read. @param folder the folder of the task */
  forTask(folder: string): TaskMarks {
    return this.#folders.get(folder)!;
  }

  /** Reads the marks on the results of tasks, if they have not been read yet. */
  async read(folders: readonly string[]): Promise<void> {
    const missing = [...new Set(folders)].filter((folder) => !this.#folders.has(folder));
    for (const { marks } of this.#stores) marks.refresh();
    const reads = missing.map((folder) => allOf(this.#stores.map(({ marks }) => marks.read(rootKey(folder), asItIs))));
    const [trunks, ...roots] = await Promise.all([(this.#trunks ??= this.#readTrunks()), ...reads]);
    for (const [i, folder] of missing.entries())
      this.#folders.set(folder, new TaskMarks(roots[i]!.map((log, at) => this.#marksIn(at, folder, log, trunks))));
  }

  #marksIn(at: number, folder: string, log: MarkLog, trunks: readonly MarkLog[]): StoreMarks {
    const marks = new TaskMarksInStore(folder, log, trunks[at]!.children.get(folder));
    return { store: this.#stores[at]!.marks, marks };
  }

  #readTrunks(): Awaitable<readonly MarkLog[]> {
    return allOf(
      this.#stores.map((store) =>
        store.marks.readTrunk((trunk, epoch) => {
          this.epochs.record(store, epoch);
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
