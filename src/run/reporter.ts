import type { Graph } from '../graph/graph';
import type { Keys } from '../graph/key';
import type { TaskKey } from '../task/context';
import type { EventStream, NodeInfo, RunEvent } from './events';
import type { Tally } from './summary';

/** Tells what happens in a run: counts it, and makes events of it when somebody listens. */
export class Reporter {
  readonly tally: Tally;
  readonly #graph: Graph;
  readonly #keys: Keys;
  /** Whether nodes have no keys, since something outside could not be asked for its state. */
  readonly #hasNoKeys: boolean;
  readonly #events: EventStream;
  readonly #onWarning: (message: string) => void;

  constructor(options: { graph: Graph; keys: Keys; hasNoKeys: boolean; events: EventStream; tally: Tally; onWarning: (message: string) => void }) {
    this.#graph = options.graph;
    this.#keys = options.keys;
    this.#hasNoKeys = options.hasNoKeys;
    this.#events = options.events;
    this.tally = options.tally;
    this.#onWarning = options.onWarning;
  }

  /** An event about a node. The event is only made when somebody listens. */
  emit(index: number, event: (node: NodeInfo) => RunEvent): void {
    if (this.#events.isHeard) this.#events.emit(event(this.#info(index)));
  }

  started(): void {
    if (this.#events.isHeard) this.#events.emit({ type: 'run-started', target: this.#graph.targets.map(({ index }) => this.#info(index)) });
  }

  warn(index: number, message: string): void {
    this.tally.warnings.push(message);
    this.emit(index, (node) => ({ type: 'warning', message, node }));
    this.#onWarning(message);
  }

  storageFailed(index: number, cause: unknown): void {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    this.tally.storageErrors.push(error);
    this.emit(index, (node) => ({ type: 'storage-failed', node, error }));
  }

  keyOf(index: number): TaskKey | undefined {
    return this.#hasNoKeys ? undefined : this.#keys.of(index);
  }

  #info(index: number): NodeInfo {
    const { task, params } = this.#graph.nodes[index]!;
    return { key: this.keyOf(index), task: task.name, params };
  }
}
