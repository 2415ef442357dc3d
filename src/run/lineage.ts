import type { Graph } from '../graph/graph';
import { Provenance } from './provenance';

/** What nodes came from that their keys do not tell, for the few for which there is something. */
export class Lineage {
  readonly #graph: Graph;
  readonly #known = new Map<number, Provenance>();

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  of(index: number): Provenance | undefined {
    return this.#known.get(index);
  }

  note(index: number, provenance: Provenance): void {
    this.#known.set(index, provenance);
  }

  /** Notes what a node comes from by way of results that held refs, and gives it; for most there is nothing. */
  gather(index: number): Provenance | undefined {
    if (this.#known.size === 0) return undefined;
    const { edges, firstEdge, endEdge } = this.#graph;
    const required = [...edges.subarray(firstEdge[index]!, endEdge[index]!)];
    const found = required.flatMap((one) => this.#known.get(one) ?? []);
    if (found.length === 0) return undefined;
    const provenance = new Provenance();
    for (const one of found) provenance.addAll(one);
    this.#known.set(index, provenance);
    return provenance;
  }
}
