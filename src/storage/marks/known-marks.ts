import { isPromiseLike } from '../../awaitable';
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
  #trunks: Promise<readonly MarkLog[]> | undefined;

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
    for (const layer of this.#layers) layer.marks.refresh();
    this.#trunks ??= this.#readTrunks();
    const roots = missing.map((folder) => this.#layers.map(({ marks }) => marks.read(rootKey(folder), (log) => log)));
    const trunks = await this.#trunks;
    for (const [i, folder] of missing.entries()) {
      const logs = roots[i]!.some(isPromiseLike) ? await Promise.all(roots[i]!) : (roots[i] as MarkLog[]);
      this.#folders.set(folder, new ClearMarks(logs.map((log, layer) => this.#of(folder, log, layer, trunks))));
    }
  }

  #of(folder: string, log: MarkLog, layer: number, trunks: readonly MarkLog[]): LayerMarks {
    const marks = new FolderMarks(folder, log, trunks[layer]!.children.get(folder));
    return { store: this.#layers[layer]!.marks, marks };
  }

  #readTrunks(): Promise<readonly MarkLog[]> {
    return Promise.all(
      this.#layers.map((layer) =>
        layer.marks.readTrunk((trunk, epoch) => {
          this.epochs.note(layer, epoch);
          return trunk;
        }),
      ),
    );
  }
}
