import type { Graph } from '../graph/graph';
import type { Container } from '../task/container';
import type { RunScope } from './async-context';
import type { OpenCall } from './open-calls';
import { fingerprint, type GraphFingerprints } from './prepare-graph';
import type { Reporter } from './reporter';

/** Which results are of something outside that changed while it was read, or came from such: they belong to no key. */
export class ChangedInputs {
  readonly #graph: Graph;
  readonly #container: Container;
  readonly #fingerprints: GraphFingerprints;
  readonly #reporter: Reporter;
  readonly #scope: RunScope;
  readonly #call: OpenCall;
  readonly #found = new Set<number>();

  constructor(options: {
    graph: Graph;
    container: Container;
    fingerprints: GraphFingerprints;
    reporter: Reporter;
    scope: RunScope;
    call: OpenCall;
  }) {
    this.#graph = options.graph;
    this.#container = options.container;
    this.#fingerprints = options.fingerprints;
    this.#reporter = options.reporter;
    this.#scope = options.scope;
    this.#call = options.call;
  }

  /** Asks a task that ran for its fingerprint again. */
  async check(index: number): Promise<void> {
    const node = this.#graph.nodes[index]!;
    if (!node.task.hasFingerprint) return;
    const now = await this.#scope.enter(() => fingerprint(node, this.#container, this.#call));
    if (now !== this.#fingerprints.known.get(index)) this.add(index);
  }

  /** What a task reads turned out to be another than its key says. */
  add(index: number): void {
    const node = this.#graph.nodes[index]!;
    this.#found.add(index);
    this.#reporter.warn(
      index,
      `what ${node} reads changed while it ran (its fingerprint is another one now): its result is used, but neither that nor what comes from it is saved`,
    );
  }

  /** Asked of each node that ran, after those that it required. */
  has(index: number): boolean {
    if (this.#found.size === 0) return false;
    if (this.#graph.requirementsOf(index).some((one) => this.#found.has(one))) this.#found.add(index);
    return this.#found.has(index);
  }
}
