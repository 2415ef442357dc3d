import type { Graph } from '../graph/graph';
import { folderOf, type Keys } from '../graph/key';
import type { KnownMarks } from '../storage/marks/known-marks';

/** Whose clear marks are read. */
export interface MarksSource {
  readonly graph: Graph;
  readonly keys: Keys;
  /** Those that were read before in this run; others are added. */
  readonly marks: KnownMarks;
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

  private constructor({ graph, keys, marks }: MarksSource) {
    this.#isEmpty = graph.tasks.every((task) => marks.on(folderOf(task)).isEmpty);
    if (this.#isEmpty) return;
    const unions = new Unions();
    for (const index of graph.order) {
      let list = none;
      for (let edge = graph.firstEdge[index]!; edge < graph.endEdge[index]!; edge++)
        list = unions.of(list, this.#lists[graph.edges[edge]!]!);
      const folder = folderOf(graph.nodes[index]!.task);
      const own = marks.on(folder);
      for (const mark of own.isEmpty ? none : own.on(keys.of(index).slice(folder.length + 1)))
        list = unions.of(list, unions.one(mark));
      this.#lists[index] = list;
    }
  }

  /** Reads the clear marks on all that is in a graph. */
  static async read(source: MarksSource): Promise<SeenMarks> {
    const { graph, keys, marks } = source;
    await marks.read(graph.tasks.map(folderOf));
    for (const task of graph.tasks) {
      const folder = folderOf(task);
      const own = marks.on(folder);
      if (!own.isDeep) continue;
      const nodes = graph.nodes.filter((node) => node.task === task);
      await own.load(nodes.map(({ index }) => keys.of(index).slice(folder.length + 1)));
    }
    return new SeenMarks(source);
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
