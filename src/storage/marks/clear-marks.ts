import { type Awaitable, isPromiseLike } from '../../awaitable';
import type { FolderMarks } from './folder-marks';
import type { MarkStore } from './mark-store';

const none: readonly string[] = Object.freeze([]);

/** What one layer has. */
export interface LayerMarks {
  readonly store: MarkStore;
  readonly marks: FolderMarks;
}

/**
 * The clear marks on a task's results: which were forgotten, so that what came from them no longer counts.
 *
 * A clear writes a mark of its own into each layer of a storage, one after the other.
 */
export class ClearMarks {
  readonly #layers: readonly LayerMarks[];

  constructor(layers: readonly LayerMarks[]) {
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
  on(name: string): readonly string[] {
    if (this.#layers.length === 0) return none;
    const all = [...new Set(this.#layers.flatMap(({ marks }) => marks.on(name)))];
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
          store.read(key, (log) => marks.take(key, log)),
        );
    }
    return isLeft;
  }
}
