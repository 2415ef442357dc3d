import type { GraphNode } from '../../graph/node';
import type { CheckpointStore } from '../../storage/checkpoint-store';
import type { StorageStack } from '../../storage/storage-stack';
import type { TaskKey } from '../../task/context';
import type { AwaitedKey, RunLink, RunningTask } from '../async-context';
import type { TaskFailedError } from '../errors';

/** The end of a key's computation, for runs that wait for it. */
export type ComputationEnd =
  | { readonly type: 'saved' }
  | { readonly type: 'failed'; readonly cause: unknown; readonly attempts: number }
  /** A requirement failed. */
  | { readonly type: 'skipped'; readonly error: TaskFailedError }
  /** Its result is not saved. */
  | { readonly type: 'unsaved' }
  /** Its run was stopped or cancelled, or ended for another reason. */
  | { readonly type: 'abandoned' };

/** The execution that computes a key. */
export interface ComputationOwner {
  /** Releases a computation that another run has started before. */
  release(computation: Computation): void;
}

/** The computation of a key that a run of this process saves. */
export class Computation implements AwaitedKey {
  readonly key: TaskKey;
  readonly node: GraphNode;
  owner: ComputationOwner;
  /** `expected` before it starts, `paused` while it waits for a retry. */
  phase: 'expected' | 'running' | 'paused' = 'expected';
  /** The runs that wait for it. */
  readonly waiting = new Set<RunLink>();
  #ending: ComputationEnd | undefined;
  readonly #endListeners = new Set<(ending: ComputationEnd) => void>();
  readonly #pauseListeners = new Set<() => void>();

  constructor(key: TaskKey, node: GraphNode, owner: ComputationOwner) {
    this.key = key;
    this.node = node;
    this.owner = owner;
  }

  /** Set once it has ended. */
  get ending(): ComputationEnd | undefined {
    return this.#ending;
  }

  /** Calls back once it ends, or, with `untilPause`, with undefined when it pauses. Returns an unsubscribe function. */
  onEnd(callback: (ending: ComputationEnd | undefined) => void, untilPause: boolean): () => void {
    const forget = () => {
      this.#endListeners.delete(end);
      this.#pauseListeners.delete(pause);
    };
    const end = (ending: ComputationEnd | undefined) => {
      forget();
      callback(ending);
    };
    const pause = () => end(undefined);
    this.#endListeners.add(end);
    if (untilPause) this.#pauseListeners.add(pause);
    return forget;
  }

  /** Pauses after a failure, until the retry gets a slot. */
  pause(): void {
    this.phase = 'paused';
    for (const callback of [...this.#pauseListeners]) callback();
  }

  end(ending: ComputationEnd): void {
    this.#ending = ending;
    for (const callback of [...this.#endListeners]) callback(ending);
  }
}

/** The limit of recently saved keys that are remembered, for runs that looked them up before. */
const mostRemembered = 100_000;
/** Counts results that runs of this process saved. */
let saves = 0;

/** The computations of this process that save in one layer. */
class LayerComputations {
  readonly byKey = new Map<TaskKey, Computation>();
  /** Runs that use the layer. */
  runs = 0;
  /** The save count at which each key was last saved, oldest first. */
  readonly #saved = new Map<TaskKey, number>();
  /** The save count up to which keys have been forgotten. */
  #forgotten = 0;

  recordSaved(key: TaskKey): void {
    this.#saved.delete(key);
    this.#saved.set(key, ++saves);
    if (this.#saved.size <= mostRemembered) return;
    const [[oldest, count]] = this.#saved as Iterable<[TaskKey, number]> as [[TaskKey, number]];
    this.#saved.delete(oldest);
    this.#forgotten = count;
  }

  /** True when a key may have been saved after the given save count. */
  mayHaveSaved(key: TaskKey, after: number): boolean {
    return this.#forgotten > after || (this.#saved.get(key) ?? 0) > after;
  }
}

const byLayer = new WeakMap<CheckpointStore, LayerComputations>();

function computationsIn(layer: CheckpointStore): LayerComputations {
  let computations = byLayer.get(layer);
  if (!computations) byLayer.set(layer, (computations = new LayerComputations()));
  return computations;
}

/**
 * The view that one run has of keys that other runs of this process compute in the same storage, and the registration
 * of its own.
 */
export class RunComputations {
  readonly link: RunLink;
  /** True when the run waits for computations of other runs. */
  readonly joins: boolean;
  readonly #layers: StorageStack;
  #reads: readonly LayerComputations[] = [];
  #writes: readonly LayerComputations[] = [];

  constructor(layers: StorageStack, parent: RunningTask | undefined, joins: boolean) {
    this.link = { parent };
    this.joins = joins;
    this.#layers = layers;
  }

  /** Registers the run with its layers. Only runs with saved tasks need this. */
  open(): void {
    if (this.#reads.length + this.#writes.length > 0) return;
    this.#reads = this.#layers.reads.map(({ store }) => computationsIn(store));
    this.#writes = this.#layers.writes.map(computationsIn);
    for (const one of new Set([...this.#reads, ...this.#writes])) one.runs++;
  }

  /** Removes the run from its layers. */
  close(): void {
    for (const one of new Set([...this.#reads, ...this.#writes])) one.runs--;
  }

  /** The save count so far: lookups may have missed later saves. */
  get saves(): number {
    return saves;
  }

  /** True when another run may have saved a key after the given save count. */
  mayHaveSaved(key: TaskKey, after: number): boolean {
    return this.#isShared && this.#reads.some((one) => one.mayHaveSaved(key, after));
  }

  /** The computation of a key for results of the same class. */
  find(key: TaskKey, { task }: GraphNode): Computation | undefined {
    for (const { byKey } of this.#reads) {
      const found = byKey.get(key);
      if (found && found.node.task === task) return found;
    }
    return undefined;
  }

  /** Registers that this run computes a key; returns undefined when another run already does. */
  register(key: TaskKey, node: GraphNode, owner: ComputationOwner): Computation | undefined {
    const known = this.#writes[0]?.byKey.get(key);
    if (
      known?.phase === 'expected' &&
      known.node.task === node.task &&
      this.#writes.every(({ byKey }) => byKey.get(key) === known)
    ) {
      known.owner.release(known);
      known.owner = owner;
      return known;
    }
    if (this.#writes.length === 0 || this.#writes.some(({ byKey }) => byKey.has(key))) return undefined;
    const computation = new Computation(key, node, owner);
    for (const { byKey } of this.#writes) byKey.set(key, computation);
    return computation;
  }

  end(computation: Computation, ending: ComputationEnd): void {
    const { key } = computation;
    for (const one of this.#writes) {
      one.byKey.delete(key);
      if (ending.type === 'saved' && one.runs > 1) one.recordSaved(key);
    }
    computation.end(ending);
  }

  get #isShared(): boolean {
    return this.#reads.some(({ runs }) => runs > 1);
  }
}
