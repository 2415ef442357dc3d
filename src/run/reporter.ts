import { explainError, toError } from '../base/describe-error';
import { errorToJson, withJson } from '../base/error';
import { escapeControls } from '../base/show';
import type { Graph } from '../graph/graph';
import type { NodeKeys } from '../graph/key';
import { publicParams } from '../graph/public-params';
import type { TaskKey } from '../task/context';
import type { EventStream, NodeInfo, RunHappening } from './events';
import type { RunCounters } from './summary';

const none: readonly TaskKey[] = Object.freeze([]);

/** Counts what happens in a run, and emits events when there are listeners. */
export class Reporter {
  readonly counters: RunCounters;
  readonly #graph: Graph;
  readonly #keys: NodeKeys;
  readonly #hasUnknownKey: (index: number) => boolean;
  readonly #events: EventStream;
  readonly #onWarning: (message: string) => void;
  #last: { readonly index: number; readonly info: NodeInfo } | undefined;

  constructor(options: {
    graph: Graph;
    keys: NodeKeys;
    hasUnknownKey: (index: number) => boolean;
    events: EventStream;
    counters: RunCounters;
    onWarning: (message: string) => void;
  }) {
    this.#graph = options.graph;
    this.#keys = options.keys;
    this.#hasUnknownKey = options.hasUnknownKey;
    this.#events = options.events;
    this.counters = options.counters;
    this.#onWarning = options.onWarning;
  }

  /** Emits an event about a node. The event is only created when there are listeners. */
  emit(index: number, event: (node: NodeInfo) => RunHappening): void {
    if (this.#events.isHeard) this.#events.emit(event(this.#info(index)));
  }

  started(): void {
    if (this.#events.isHeard)
      this.#events.emit({ type: 'run-started', target: this.#graph.targets.map(({ index }) => this.#info(index)) });
  }

  /** A result was loaded, or restored by its task. */
  loaded(index: number, seconds: number): void {
    this.counters.loaded++;
    this.emit(index, (node) => ({ type: 'task-loaded', node, seconds }));
  }

  warn(index: number | undefined, warning: string): void {
    // It may contain text from a store.
    const message = escapeControls(warning);
    this.counters.warnings.push(message);
    if (this.#events.isHeard)
      this.#events.emit({ type: 'warning', message, ...(index !== undefined && { node: this.#info(index) }) });
    this.#onWarning(message);
  }

  /** @param index the node concerned, if any */
  storageFailed(index: number | undefined, cause: unknown): void {
    const error = toError(cause);
    this.counters.storageErrors.push(error);
    if (this.#events.isHeard)
      this.#emitFailure({ type: 'storage-failed', ...(index !== undefined && { node: this.#info(index) }), error });
  }

  /** @param index the node whose hook failed; undefined for a hook of the run */
  hookFailed(index: number | undefined, hook: 'restore' | 'checkpoint', cause: unknown): void {
    const error = toError(cause);
    this.counters.hookErrors.push(error);
    const node = index === undefined ? undefined : this.#info(index);
    if (this.#events.isHeard) this.#emitFailure({ type: 'hook-failed', hook, ...(node && { node }), error });
    const owner = node ? String(this.#graph.nodes[index!]) : 'the run';
    this.warn(index, `${hook}() of ${owner} failed: ${explainError(cause)}`);
  }

  /** Emits an event with an error of user or library code, which `JSON.stringify` alone would write as `{}`. */
  #emitFailure(event: RunHappening & { readonly error: Error }): void {
    this.#events.emit(withJson(event, () => ({ ...event, error: errorToJson(event.error) })));
  }

  /** The known keys of a node's requirements. */
  requiredBy(index: number): readonly TaskKey[] {
    const required = this.#graph.requirementsOf(index);
    if (required.length === 0) return none;
    const keys: TaskKey[] = [];
    for (const one of required) {
      const key = this.keyOf(one);
      if (key !== undefined) keys.push(key);
    }
    return keys;
  }

  keyOf(index: number): TaskKey | undefined {
    return this.#hasUnknownKey(index) ? undefined : this.#keys.get(index);
  }

  #info(index: number): NodeInfo {
    // Most nodes finish before an event about another one.
    if (this.#last?.index !== index) this.#last = { index, info: this.#newInfo(index) };
    return this.#last.info;
  }

  #newInfo(index: number): NodeInfo {
    const node = this.#graph.nodes[index]!;
    const keyOf = () => this.keyOf(index);
    return {
      // Computed on first access: a key costs more than the rest of an event.
      get key() {
        return keyOf();
      },
      task: node.task.name,
      params: publicParams(node),
    };
  }
}
