import { type Awaitable, isPromiseLike } from '../../awaitable';
import { ClearMarks, type LayerMarks } from './clear-marks';
import { Epochs, type MarkedLayer } from './epochs';
import { FolderMarks } from './folder-marks';
import { rootKey } from './mark-keys';
import type { MarkLog } from './mark-log';

/** The clear marks that a run has read, which count for the whole run. */
export class KnownMarks {
  readonly epochs = new Epochs();
  readonly #layers: readonly MarkedLayer[];
  readonly #folders = new Map<string, ClearMarks>();
  #trunks: Awaitable<readonly MarkLog[]> | undefined;

  constructor(layers: readonly MarkedLayer[]) {
    this.#layers = layers;
  }

  /** Whether none was asked for yet. */
  get areUnread(): boolean {
    return this.#folders.size === 0;
  }

  /** The marks on the results of a task, which were read before. @param folder of the task */
  on(folder: string): ClearMarks {
    return this.#folders.get(folder)!;
  }

  /** Reads the marks on the results of tasks that were not read before. @param folders of the tasks */
  async read(folders: readonly string[]): Promise<void> {
    const missing = [...new Set(folders)].filter((folder) => !this.#folders.has(folder));
    for (const { marks } of this.#layers) marks.refresh();
    const reads = missing.map((folder) => allOf(this.#layers.map(({ marks }) => marks.read(rootKey(folder), asItIs))));
    const [trunks, ...roots] = await Promise.all([(this.#trunks ??= this.#readTrunks()), ...reads]);
    for (const [i, folder] of missing.entries())
      this.#folders.set(folder, new ClearMarks(roots[i]!.map((log, layer) => this.#of(folder, log, layer, trunks))));
  }

  #of(folder: string, log: MarkLog, layer: number, trunks: readonly MarkLog[]): LayerMarks {
    const marks = new FolderMarks(folder, log, trunks[layer]!.children.get(folder));
    return { store: this.#layers[layer]!.marks, marks };
  }

  #readTrunks(): Awaitable<readonly MarkLog[]> {
    return allOf(
      this.#layers.map((layer) =>
        layer.marks.readTrunk((trunk, epoch) => {
          this.epochs.note(layer, epoch);
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
