import type { GraphNode } from '../../graph/node';
import type { CheckpointStore } from '../../storage/checkpoint-store';
import type { StorageStack } from '../../storage/storage-stack';
import type { TaskKey } from '../../task/context';
import type { AwaitedKey, RunLink, RunningTask } from '../async-context';
import type { TaskFailedError } from '../errors';

/** How the computation of a key ended, for runs that wait for it. */
export type ComputationEnd =
  | { readonly type: 'saved' }
  | { readonly type: 'failed'; readonly cause: unknown; readonly attempts: number }
  /** Something that it requires failed. */
  | { readonly type: 'skipped'; readonly error: TaskFailedError }
  /** It has a result that is not saved. */
  | { readonly type: 'unsaved' }
  /** Its run was stopped or cancelled, or ended for another reason. */
  | { readonly type: 'abandoned' };

/** Who computes a key. */
export interface ComputationOwner {
  /** Another run computes it, which was ready to before. */
  release(computation: Computation): void;
}

/** A key that a run of this process computes and saves. */
export class Computation implements AwaitedKey {
  readonly key: TaskKey;
  readonly node: GraphNode;
  owner: ComputationOwner;
  /** It is `expected` before it begins, and `paused` while it waits to be tried again. */
  phase: 'expected' | 'running' | 'paused' = 'expected';
  /** Runs that wait for it. */
  readonly waiting = new Set<RunLink>();
  #ending: ComputationEnd | undefined;
  readonly #endListeners = new Set<(ending: ComputationEnd) => void>();
  readonly #pauseListeners = new Set<() => void>();

  constructor(key: TaskKey, node: GraphNode, owner: ComputationOwner) {
    this.key = key;
    this.node = node;
    this.owner = owner;
  }

  /** How it ended, once it has. */
  get ending(): ComputationEnd | undefined {
    return this.#ending;
  }

  /** Calls back once it ends, or pauses when `untilPause` is set: then with undefined. Gives what takes that back. */
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

  /** It failed, and will be tried again when there is room. */
  pause(): void {
    this.phase = 'paused';
    for (const callback of [...this.#pauseListeners]) callback();
  }

  end(ending: ComputationEnd): void {
    this.#ending = ending;
    for (const callback of [...this.#endListeners]) callback(ending);
  }
}

/** So many keys that were saved are remembered, for runs that looked for them before. */
const mostRemembered = 100_000;
/** Counts results that runs of this process saved. */
let saves = 0;

/** What runs of this process compute and save in one layer. */
class LayerComputations {
  readonly byKey = new Map<TaskKey, Computation>();
  /** Runs that use the layer. */
  runs = 0;
  /** When a key was saved last, by the count of saves; the oldest first. */
  readonly #saved = new Map<TaskKey, number>();
  /** Up to this save, not all is remembered. */
  #forgotten = 0;

  recordSaved(key: TaskKey): void {
    this.#saved.delete(key);
    this.#saved.set(key, ++saves);
    if (this.#saved.size <= mostRemembered) return;
    const [[oldest, count]] = this.#saved as Iterable<[TaskKey, number]> as [[TaskKey, number]];
    this.#saved.delete(oldest);
    this.#forgotten = count;
  }

  /** Whether a key may have been saved after so many saves. */
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
 * What one run sees of the keys that other runs of this process compute in the same storage, and what they see of its
 * own.
 */
export class RunComputations {
  readonly link: RunLink;
  /** Whether the run waits for what others compute. */
  readonly joins: boolean;
  readonly #layers: StorageStack;
  #reads: readonly LayerComputations[] = [];
  #writes: readonly LayerComputations[] = [];

  constructor(layers: StorageStack, parent: RunningTask | undefined, joins: boolean) {
    this.link = { parent };
    this.joins = joins;
    this.#layers = layers;
  }

  /** The run has tasks that are saved. Most runs that have none need nothing of this. */
  open(): void {
    if (this.#reads.length + this.#writes.length > 0) return;
    this.#reads = this.#layers.reads.map(({ store }) => computationsIn(store));
    this.#writes = this.#layers.writes.map(computationsIn);
    for (const one of new Set([...this.#reads, ...this.#writes])) one.runs++;
  }

  /** The run is over. */
  close(): void {
    for (const one of new Set([...this.#reads, ...this.#writes])) one.runs--;
  }

  /** How much was saved until now: what is saved later may not have been found. */
  get saves(): number {
    return saves;
  }

  /** Whether another run may have saved a key since. */
  mayHaveSaved(key: TaskKey, after: number): boolean {
    return this.#isShared && this.#reads.some((one) => one.mayHaveSaved(key, after));
  }

  /** Who computes a key, for results of the same class. */
  find(key: TaskKey, { task }: GraphNode): Computation | undefined {
    for (const { byKey } of this.#reads) {
      const found = byKey.get(key);
      if (found && found.node.task === task) return found;
    }
    return undefined;
  }

  /** Tells others that this run computes a key; undefined when another run has begun to. */
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
