import { belowKey, ownKey, spreadOf } from './mark-keys';
import { lostMark, type MarkLog } from './mark-log';

/**
 * The clear marks on a task's results in one layer: a tree of logs, of which those are read that have to do with the
 * results asked for.
 */
export class FolderMarks {
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
  take(key: string, log: MarkLog): void {
    this.#logs.set(key, log);
  }

  /** The marks on a result: those that count, of all that were made. */
  on(name: string): readonly string[] {
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
