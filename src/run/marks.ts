import { isPromiseLike } from '../awaitable';
import type { Graph } from '../graph/graph';
import { folderOf, type Keys } from '../graph/key';
import type { ClearMarks } from '../storage/clear-marks';
import type { Layers } from '../storage/layers';

/** Whose clear marks are read, and where. */
export interface MarksSource {
  readonly layers: Layers;
  readonly graph: Graph;
  readonly keys: Keys;
  readonly marks: Map<string, ClearMarks>;
}

const none: readonly string[] = Object.freeze([]);

/**
 * The clear marks that a run saw at its start, on each node and on all that it comes from.
 *
 * Nodes with the same marks share one list, so that a million nodes below one cleared task cost one list.
 */
export class SeenMarks {
  readonly #lists: (readonly string[])[] = [];
  readonly #isEmpty: boolean;

  constructor(graph: Graph, keys: Keys, marks: ReadonlyMap<string, ClearMarks>) {
    this.#isEmpty = [...marks.values()].every(({ isEmpty }) => isEmpty);
    if (this.#isEmpty) return;
    const unions = new Unions();
    for (const index of graph.order) {
      let list = none;
      for (let edge = graph.firstEdge[index]!; edge < graph.endEdge[index]!; edge++)
        list = unions.of(list, this.#lists[graph.edges[edge]!]!);
      const folder = folderOf(graph.nodes[index]!.task);
      const own = marks.get(folder);
      for (const mark of own && !own.isEmpty ? own.on(keys.of(index).slice(folder.length + 1)) : none)
        list = unions.of(list, unions.one(mark));
      this.#lists[index] = list;
    }
  }

  /** Reads the logs of clear marks. @param marks those that were read before in this run, by folder; others are added */
  static async read({ layers, graph, keys, marks }: MarksSource): Promise<SeenMarks> {
    const missing = [...new Set(graph.tasks.map(folderOf))].filter((folder) => !marks.has(folder));
    const read = missing.map((folder) => layers.marks(folder));
    const found = read.some(isPromiseLike) ? await Promise.all(read) : (read as ClearMarks[]);
    for (const [i, folder] of missing.entries()) marks.set(folder, found[i]!);
    return new SeenMarks(graph, keys, marks);
  }

  /** The marks on a node and its ancestors. */
  on(index: number): readonly string[] {
    return this.#isEmpty ? none : this.#lists[index]!;
  }

  /** Whether a checkpoint's run had seen all the marks that there are now. */
  areSeenBy(index: number, seen: readonly string[]): boolean {
    const current = this.on(index);
    return current.length === 0 || current === seen || current.every((mark) => seen.includes(mark));
  }
}

/** Unions of lists of marks, each made once. */
class Unions {
  readonly #known = new Map<readonly string[], Map<readonly string[], readonly string[]>>();
  readonly #single = new Map<string, readonly string[]>();

  one(mark: string): readonly string[] {
    let list = this.#single.get(mark);
    if (!list) this.#single.set(mark, (list = Object.freeze([mark])));
    return list;
  }

  of(a: readonly string[], b: readonly string[]): readonly string[] {
    if (a === b || b.length === 0) return a;
    if (a.length === 0) return b;
    let known = this.#known.get(a);
    if (!known) this.#known.set(a, (known = new Map()));
    let union = known.get(b);
    if (!union)
      known.set(b, (union = b.every((mark) => a.includes(mark)) ? a : Object.freeze([...new Set([...a, ...b])])));
    return union;
  }
}
