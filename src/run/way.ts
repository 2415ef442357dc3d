import { type Graph, pathTo } from '../graph/graph';

const shownResults = 10;

/** How the targets of an execution came to be required: by a result that holds refs, whose task was named by another. */
export class Way {
  /** How many results there are on it. */
  readonly depth: number;
  readonly #before: Way | undefined;
  readonly #graph: Graph;
  readonly #index: number;

  /** @param index the node whose result holds refs */
  constructor(before: Way | undefined, graph: Graph, index: number) {
    this.depth = (before?.depth ?? 0) + 1;
    this.#before = before;
    this.#graph = graph;
    this.#index = index;
  }

  /** The nodes on it as text, the first one first; the middle of a long one is left out. */
  toTexts(): readonly string[] {
    const { depth } = this;
    const parts: (readonly string[])[] = [];
    for (let at: Way | undefined = this; at; at = at.#before) {
      const isShown = depth - at.depth < shownResults || at.depth <= shownResults;
      if (isShown) parts.push(pathTo(at.#graph, at.#index));
      else if (at.depth === shownResults + 1) parts.push([`… ${depth - 2 * shownResults} more …`]);
    }
    return parts.reverse().flat();
  }
}
