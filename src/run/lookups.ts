import { type Awaitable, andThen, isPromiseLike } from '../awaitable';
import type { Graph } from '../graph/graph';
import type { Keys } from '../graph/key';
import type { Entry } from '../storage/entry';
import type { Layer } from '../storage/layer';
import type { Found, Layers } from '../storage/layers';
import type { CheckpointsOptions } from './checkpoints-options';
import type { Staleness } from './staleness';

/** Why a layer could not say what it has. */
export interface Fault {
  readonly layer: Layer;
  readonly error: unknown;
}

/** What the storage has for a node. */
export interface Lookup {
  /** The first checkpoint that counts. */
  readonly found: Found | undefined;
  /** Those before it that do not. */
  readonly stale: readonly Found[];
  /** Why the node has to run, when nothing was found that counts. */
  readonly why: string;
  readonly faults: readonly Fault[];
}

const noCheckpoint: Lookup = Object.freeze({
  found: undefined,
  stale: Object.freeze([]),
  why: 'there is no checkpoint',
  faults: Object.freeze([]),
});

/** Why a node has to run whose checkpoint is there. */
export const unusable = 'its checkpoint cannot be used';

/** Looks for the checkpoints of one run's nodes: layer by layer, until one has what counts. */
export class Lookups {
  readonly #layers: Layers;
  readonly #graph: Graph;
  readonly #keys: Keys;
  readonly #staleness: Staleness;

  constructor({ layers, graph, keys }: CheckpointsOptions, staleness: Staleness) {
    this.#layers = layers;
    this.#graph = graph;
    this.#keys = keys;
    this.#staleness = staleness;
  }

  /** Looks in all layers; whatever fails is part of the answer. */
  lookUp(index: number): Awaitable<Lookup> {
    return this.#lookIn(0, index, noCheckpoint);
  }

  /** Looks in the layers behind that of a checkpoint, which cannot be used after all. */
  lookBehind(index: number, { from }: Found): Awaitable<Lookup> {
    return this.#lookIn(this.#layers.reads.indexOf(from) + 1, index, noCheckpoint);
  }

  /** Looks in one layer, and when nothing there counts, in those behind it. */
  #lookIn(at: number, index: number, seen: Lookup): Awaitable<Lookup> {
    const from = this.#layers.reads[at];
    if (!from) return seen;
    const fail = (error: unknown) => this.#lookPast(at, index, seen, error);
    try {
      const entry = from.layer.find(this.#keys.of(index), this.#graph.nodes[index]!.task.options.encoder);
      const lookup = isPromiseLike(entry)
        ? entry.then((later) => this.#judge(at, index, seen, later))
        : this.#judge(at, index, seen, entry);
      return isPromiseLike(lookup) ? lookup.then(undefined, fail) : lookup;
    } catch (error) {
      return fail(error);
    }
  }

  /** Takes what one layer has when it counts, and looks further when it does not. */
  #judge(at: number, index: number, seen: Lookup, entry: Entry | undefined): Awaitable<Lookup> {
    if (!entry) return this.#lookIn(at + 1, index, seen);
    const found: Found = { from: this.#layers.reads[at]!, entry };
    return andThen(this.#staleness.whyOf(index, found), (why) =>
      why === undefined
        ? { found, stale: seen.stale, why: seen.why, faults: seen.faults }
        : this.#lookIn(at + 1, index, { ...seen, stale: [...seen.stale, found], why }),
    );
  }

  /** One layer failed: that is part of the answer, and what is behind it may still have something. */
  #lookPast(at: number, index: number, seen: Lookup, error: unknown): Awaitable<Lookup> {
    const { layer } = this.#layers.reads[at]!;
    const faults = [...seen.faults, { layer, error }];
    return this.#lookIn(at + 1, index, { ...seen, faults, why: unusable });
  }
}
